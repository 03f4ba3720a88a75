"""What is written for people, and read as they write it."""

import io
import os
import time

import pyte
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st
from strata.gateway.v1.gateway_pb2 import PullResponse
from strata.runtime.v1.container_pb2 import Container, PortMapping
from strata.store.v1.store_pb2 import LayerProgress

from strata.store.v1 import store_pb2
from strata_client.cli.containers import ports_text, status_text
from strata_client.cli.detach_keys import DetachScanner, parse_detach_keys
from strata_client.cli.names import familiar, split_name
from strata_client.cli.parsing import UsageError
from strata_client.cli.progress import PullReport, bar_line
from strata_client.cli.quantities import parse_moment, parse_size, parse_span, rfc3339, size_text, span_text
from strata_client.cli.tables import printable


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0B"), (999, "999B"), (1000, "1kB"), (123_456_789, "123MB"), (1_234_567_890, "1.23GB")]
)
def test_sizes_are_decimal_with_three_digits(size: int, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("text", "size"), [("512", 512), ("64k", 65536), ("1.5g", 1610612736), ("10MiB", 10485760), ("2GB", 2147483648)]
)
def test_sizes_are_read_as_binary(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "m", "1x", "-1", "1e400", "nan"])
def test_sizes_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_size(text)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("1m30s", 90), ("1.5h", 5400), ("250ms", 0.25)])
def test_spans_are_read(text: str, seconds: float) -> None:
    assert parse_span(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["5", "s", "1x", "1m2", "..s"])
def test_spans_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_span(text)


def test_moments_are_absolute_or_ago() -> None:
    assert parse_moment("1700000000.5") == 1700000000.5
    assert parse_moment("2023-11-14T22:13:20Z") == 1700000000
    assert parse_moment("10m") == pytest.approx(time.time() - 600, abs=5)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.5, "Less than a second"),
        (30, "30 seconds"),
        (70, "About a minute"),
        (180, "3 minutes"),
        (3600, "About an hour"),
        (5 * 3600, "5 hours"),
        (3 * 86400, "3 days"),
        (21 * 86400, "3 weeks"),
        (100 * 86400, "3 months"),
        (800 * 86400, "2 years"),
    ],
)
def test_spans_are_written_as_docker_does(seconds: float, text: str) -> None:
    assert span_text(seconds) == text


def test_moments_have_nine_digits() -> None:
    assert rfc3339(Timestamp(seconds=1700000000, nanos=5)) == "2023-11-14T22:13:20.000000005Z"


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("docker.io/library/debian:12", "debian:12"),
        ("docker.io/team/app:1", "team/app:1"),
        ("localhost:5000/a:1", "localhost:5000/a:1"),
    ],
)
def test_names_are_shown_without_what_is_the_default(reference: str, text: str) -> None:
    assert familiar(reference) == text


def test_a_port_of_a_registry_is_no_tag() -> None:
    assert split_name("localhost:5000/a") == ("localhost:5000/a", "<none>")


def test_nothing_printed_can_steer_the_terminal() -> None:
    assert printable("a\x1b[31mb\nc") == "a?[31mb?c"


def test_the_state_of_a_container_is_said_in_words() -> None:
    now = int(time.time())
    up = Container(state=Container.STATE_PAUSED, start_time=Timestamp(seconds=now - 180))
    gone = Container(state=Container.STATE_EXITED, exit_code=3, finish_time=Timestamp(seconds=now - 7200))
    assert (status_text(up), status_text(gone)) == ("Up 3 minutes (Paused)", "Exited (3) 2 hours ago")
    assert status_text(Container(state=Container.STATE_CREATED)) == "Created"


def test_ports_are_shown_with_their_hosts() -> None:
    ports = [PortMapping(host_port=8080, container_port=80), PortMapping(host_ip="::1", host_port=1, container_port=2)]
    assert ports_text(Container(ports=ports)) == "0.0.0.0:8080->80/tcp, [::1]:1->2/tcp"


@pytest.mark.parametrize(
    ("text", "keys"), [("ctrl-p,ctrl-q", b"\x10\x11"), ("a,b", b"ab"), ("ctrl-]", b"\x1d"), ("", b"")]
)
def test_detach_keys_are_read(text: str, keys: bytes) -> None:
    assert parse_detach_keys(text) == keys


@pytest.mark.parametrize("text", ["ctrl-1", "ab", "ctrl-", "ü"])
def test_detach_keys_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_detach_keys(text)


@given(st.lists(st.binary(max_size=5).map(lambda raw: raw.replace(b"\x10", b"p"))))
def test_what_is_typed_without_the_keys_passes(pieces: list[bytes]) -> None:
    scanner = DetachScanner(b"\x10\x11")
    assert b"".join(scanner.feed(piece)[0] for piece in pieces) == b"".join(pieces)


def test_detach_keys_are_found_wherever_reads_cut_them() -> None:
    scanner = DetachScanner(b"\x10\x11")
    assert scanner.feed(b"ab\x10") == (b"ab", False)
    assert scanner.feed(b"\x11rest") == (b"", True)


def test_the_beginning_of_the_keys_is_not_lost() -> None:
    scanner = DetachScanner(b"\x10\x11")
    assert scanner.feed(b"\x10") == (b"", False)
    assert scanner.feed(b"\x10x") == (b"\x10\x10x", False)


def layer(name: str, state: int, current: int = 0, total: int = 0) -> LayerProgress:
    return LayerProgress(digest=f"sha256:{name * 12}", state=state, current_bytes=current, total_bytes=total)


def pull_events() -> list[PullResponse]:
    resolved = PullResponse.Resolved(canonical_reference="docker.io/library/debian:12", digest="sha256:abc")
    states = [
        layer("a", store_pb2.LAYER_STATE_WAITING),
        layer("b", store_pb2.LAYER_STATE_EXISTS),
        layer("a", store_pb2.LAYER_STATE_DOWNLOADING, 50, 100),
        layer("a", store_pb2.LAYER_STATE_DOWNLOADING, 80, 100),
        layer("a", store_pb2.LAYER_STATE_COMPLETE, 100, 100),
    ]
    return [
        PullResponse(resolved=resolved),
        *(PullResponse(layer=one) for one in states),
        PullResponse(pulled=PullResponse.Pulled()),
    ]


def test_a_pull_without_a_terminal_is_a_line_for_every_change() -> None:
    out = io.StringIO()
    report = PullReport(out)
    for event in pull_events():
        report.show(event)
    assert out.getvalue().splitlines() == [
        "12: Pulling from debian",
        "aaaaaaaaaaaa: Waiting",
        "bbbbbbbbbbbb: Already exists",
        "aaaaaaaaaaaa: Downloading",
        "aaaaaaaaaaaa: Pull complete",
        "Digest: sha256:abc",
        "Status: Downloaded newer image for debian:12",
    ]


def test_a_quiet_pull_says_nothing() -> None:
    out = io.StringIO()
    report = PullReport(out, is_quiet=True)
    for event in pull_events():
        report.show(event)
    assert out.getvalue() == ""


class Terminal(io.StringIO):
    """A terminal of 24 lines whose screen can be looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.screen = pyte.Screen(80, 24)
        self._stream = pyte.Stream(self.screen)

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._stream.feed(text.replace("\n", "\r\n"))
        return len(text)

    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display if line.strip()]


def test_bars_of_a_terminal_are_drawn_over_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    report = PullReport(terminal)
    for event in pull_events():
        report._drawn_at = 0
        report.show(event)
    assert terminal.lines() == [
        "12: Pulling from debian",
        "aaaaaaaaaaaa: Pull complete",
        "bbbbbbbbbbbb: Already exists",
        "Digest: sha256:abc",
        "Status: Downloaded newer image for debian:12",
    ]


def test_every_layer_keeps_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    report = PullReport(terminal)
    states = (store_pb2.LAYER_STATE_WAITING, store_pb2.LAYER_STATE_DOWNLOADING, store_pb2.LAYER_STATE_COMPLETE)
    for state in states:
        for name in "abcde":
            report.show(PullResponse(layer=layer(name, state, 50, 100)))
    assert terminal.lines() == [f"{name * 12}: Pull complete" for name in "abcde"]


@pytest.mark.parametrize("size", [os.terminal_size((0, 0)), os.terminal_size((80, 24))])
def test_a_terminal_that_does_not_know_its_size_has_the_usual_one(
    monkeypatch: pytest.MonkeyPatch, size: os.terminal_size
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(os, "get_terminal_size", lambda _descriptor: size)
    monkeypatch.setattr(Terminal, "fileno", lambda _self: 1)
    terminal = Terminal()
    PullReport(terminal).show(PullResponse(layer=layer("a", store_pb2.LAYER_STATE_DOWNLOADING, 50, 100)))
    assert terminal.lines() == ["aaaaaaaaaaaa: Downloading [==========>         ]  50B/100B"]


def test_more_layers_than_lines_still_leave_a_readable_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    report = PullReport(terminal)
    for _ in range(3):
        for number in range(40):
            report._drawn_at = 0
            report.show(PullResponse(layer=layer(f"{number:x}", store_pb2.LAYER_STATE_COMPLETE)))
    assert len(terminal.lines()) == 23


def test_a_bar_shows_how_far_a_layer_is() -> None:
    line = bar_line(layer("a", store_pb2.LAYER_STATE_DOWNLOADING, 25_000_000, 100_000_000), 80)
    assert line == "aaaaaaaaaaaa: Downloading [=====>              ]  25MB/100MB"


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_a_bar_never_wraps(columns: int) -> None:
    assert len(bar_line(layer("a", store_pb2.LAYER_STATE_DOWNLOADING, 25, 100), columns)) < columns
