import json

import pytest

from strata_oci.chain_id import chain_id, chain_ids
from strata_oci.digest import Digest
from strata_oci.errors import MalformedError
from strata_oci.image_config import ImageConfig

DIFF_IDS = [str(Digest.of(bytes([number]))) for number in range(3)]


def config(**more):
    base = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": DIFF_IDS}}
    return json.dumps(base | more).encode()


def test_the_exact_bytes_are_the_image_id():
    raw = config()
    assert ImageConfig.parse(raw).image_id == Digest.of(raw)


def test_how_to_run_is_read():
    execution = {
        "User": "1000:1000",
        "Env": ["A=b"],
        "Entrypoint": ["/init"],
        "Cmd": ["run"],
        "WorkingDir": "/srv",
        "ExposedPorts": {"80/tcp": {}},
        "Volumes": {"/data": {}},
        "Labels": {"a": None},
        "StopSignal": "SIGQUIT",
        "Healthcheck": {"Test": ["CMD", "true"], "Interval": 5, "Retries": 3},
    }
    read = ImageConfig.parse(config(config=execution)).execution
    assert (read.user, read.env, read.entrypoint, read.cmd) == ("1000:1000", ("A=b",), ("/init",), ("run",))
    assert (read.working_dir, read.exposed_ports, read.volumes) == ("/srv", ("80/tcp",), ("/data",))
    assert (read.labels, read.stop_signal) == ({"a": ""}, "SIGQUIT")
    assert (read.healthcheck.test, read.healthcheck.interval_ns, read.healthcheck.retries) == (("CMD", "true"), 5, 3)


def test_null_is_the_same_as_missing():
    nulls = {"Env": None, "Cmd": None, "Labels": None, "User": None, "ExposedPorts": None, "Healthcheck": None}
    assert ImageConfig.parse(config(config=nulls, history=None)).execution == ImageConfig.parse(config()).execution


def test_history_tells_layers_from_mere_settings():
    history = [{"created_by": "ADD"}, {"created_by": "ENV", "empty_layer": True}]
    assert [entry.is_empty_layer for entry in ImageConfig.parse(config(history=history)).history] == [False, True]


@pytest.mark.parametrize(
    "more",
    [
        {"config": []},
        {"config": {"Env": "A=b"}},
        {"config": {"Cmd": [1]}},
        {"rootfs": {"type": "tree"}},
        {"rootfs": {"diff_ids": ["nonsense"]}},
        {"history": [{"empty_layer": "yes"}]},
    ],
)
def test_wrong_types_are_refused(more):
    with pytest.raises(MalformedError):
        ImageConfig.parse(config(**more))


def test_a_base_layers_chain_id_is_its_diff_id():
    only = Digest.parse(DIFF_IDS[0])
    assert chain_id(None, only) == only


def test_chain_ids_follow_the_specs_formula():
    one, two, three = (Digest.parse(text) for text in DIFF_IDS)
    below = Digest.of(f"{one} {two}".encode())
    assert chain_ids([one, two, three]) == (one, below, Digest.of(f"{below} {three}".encode()))
