from dataclasses import dataclass
from pathlib import Path

import pytest

from strata_chassis.config import ServiceConfig, load, setting
from strata_chassis.errors import InvalidArgument


@dataclass(frozen=True, kw_only=True)
class ProbeConfig(ServiceConfig):
    size_bytes: int = setting(1, "a number")
    is_eager: bool = setting(default=False, explanation="a truth")
    mirrors: tuple[str, ...] = setting((), "a list")
    ratio: float = setting(0.5, "a fraction of 100%")


@pytest.fixture
def read(tmp_path):
    def read_config(text="", argv=(), **env):
        path = tmp_path / "strata.toml"
        path.write_text(text)
        return load(ProbeConfig, "probe", argv=argv, env={"STRATA_CONFIG": str(path), **env})

    return read_config


def test_without_any_source_there_are_defaults():
    config = load(ProbeConfig, "probe", argv=(), env={})
    assert (config.run_dir, config.size_bytes, config.tls_cert) == (Path("/run/strata"), 1, None)


def test_flags_win_over_environment_over_section_over_shared_over_defaults(read):
    file = "size_bytes = 2\n[probe]\nsize_bytes = 3"
    assert read("size_bytes = 2").size_bytes == 2
    assert read(file).size_bytes == 3
    assert read(file, STRATA_PROBE_SIZE_BYTES="4").size_bytes == 4
    assert read(file, ["--size-bytes", "5"], STRATA_PROBE_SIZE_BYTES="4").size_bytes == 5


def test_another_services_section_is_not_ours(read):
    assert read("[store]\nwhatever = 1\n[probe]\nsize_bytes = 3").size_bytes == 3


@pytest.mark.parametrize(
    ("source", "field", "value"),
    [
        ({"text": '[probe]\nmirrors = ["a", "b"]'}, "mirrors", ("a", "b")),
        ({"STRATA_PROBE_MIRRORS": "a, b,"}, "mirrors", ("a", "b")),
        ({"text": "[probe]\nis_eager = true"}, "is_eager", True),
        ({"STRATA_PROBE_IS_EAGER": "on"}, "is_eager", True),
        ({"argv": ["--is-eager", "no"]}, "is_eager", False),
        ({"argv": ["--is-eager=yes"]}, "is_eager", True),
        ({"argv": ["--mirrors", "--x"]}, "mirrors", ("--x",)),
        ({"text": "[probe]\nratio = 1"}, "ratio", 1.0),
        ({"text": '[probe]\ntls_cert = "/a"'}, "tls_cert", Path("/a")),
        ({"STRATA_PROBE_TLS_CERT": ""}, "tls_cert", None),
    ],
)
def test_every_type_is_read_from_every_source(read, source, field, value):
    assert getattr(read(**source), field) == value


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ({"text": "[probe]\nsize_byte = 1"}, "size_byte"),
        ({"text": '[probe]\nsize_bytes = "1"'}, "size_bytes"),
        ({"text": "[probe]\nsize_bytes = true"}, "size_bytes"),
        ({"text": "[probe]\nmirrors = [1]"}, "mirrors"),
        ({"text": "[probe"}, "strata.toml"),
        ({"STRATA_PROBE_SIZE_BYTES": "many"}, "STRATA_PROBE_SIZE_BYTES"),
        ({"STRATA_PROBE_IS_EAGER": "maybe"}, "STRATA_PROBE_IS_EAGER"),
        ({"argv": ["--ratio", "x"]}, "--ratio"),
        ({"argv": ["--ratio"]}, "--ratio needs a value"),
        ({"argv": ["--rati", "1"]}, "no flag '--rati'"),
        ({"argv": ["stray"]}, "no flag 'stray'"),
        ({"STRATA_CONFIG": "/nonexistent/strata.toml"}, "/nonexistent/strata.toml"),
    ],
)
def test_a_mistake_is_refused_by_the_name_of_its_source(read, source, named):
    with pytest.raises(InvalidArgument, match=named):
        read(**source)


def test_the_last_of_equal_flags_wins(read):
    assert read(argv=["--size-bytes", "2", "--size-bytes=3"]).size_bytes == 3


def test_help_explains_every_setting(capsys):
    with pytest.raises(SystemExit):
        load(ProbeConfig, "probe", argv=["--help"], env={})
    assert "a fraction of 100%" in capsys.readouterr().out
