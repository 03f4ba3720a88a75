"""Published ports: ``-p [[ADDRESS:]HOST[-HOST]:]CONTAINER[-CONTAINER][/PROTOCOL]``."""

from strata.runtime.v1.container_pb2 import PortMapping

from strata_client.cli.parsing import UsageError

_PROTOCOLS = {"tcp", "udp", "sctp"}


def parse_publish(word: str) -> list[PortMapping]:
    """Read one ``-p``; a range of container ports gives one mapping for each."""
    ports, _, protocol = word.partition("/")
    protocol = protocol.lower() or "tcp"
    address, host, container = _split(ports)
    if protocol not in _PROTOCOLS:
        raise _invalid(word, f"the protocol is one of {', '.join(sorted(_PROTOCOLS))}")
    first, last = _range(word, container)
    host_first, host_last = _range(word, host) if host else (0, 0)
    if first == last:
        end = host_last if host_last != host_first else 0
        return [_mapping(address, host_first, end, first, protocol)]
    if host and host_last - host_first != last - first:
        raise _invalid(word, "both ranges must have the same length")
    return [
        _mapping(address, host_first + step if host else 0, 0, first + step, protocol)
        for step in range(last - first + 1)
    ]


def _mapping(address: str, host: int, host_end: int, container: int, protocol: str) -> PortMapping:
    return PortMapping(
        host_ip=address, host_port=host, host_port_end=host_end, container_port=container, protocol=protocol
    )


def _split(ports: str) -> tuple[str, str, str]:
    """Address, host ports and container ports; an IPv6 address stands in brackets."""
    if ports.startswith("["):
        address, _, ports = ports[1:].partition("]:")
        host, _, container = ports.rpartition(":")
        return address, host, container
    rest, _, container = ports.rpartition(":")
    address, _, host = rest.rpartition(":")
    return address, host, container


def _range(word: str, text: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    numbers = [first, last if dash else first]
    if not all(number.isascii() and number.isdigit() and 0 < int(number) < 2**16 for number in numbers):
        raise _invalid(word, "a port is a number from 1 to 65535")
    if int(numbers[1]) < int(numbers[0]):
        raise _invalid(word, "a range goes upwards")
    return int(numbers[0]), int(numbers[1])


def _invalid(word: str, why: str) -> UsageError:
    return UsageError(f"invalid port {word!r}: {why}; write it as 8080:80 or 127.0.0.1:8080:80/tcp")
