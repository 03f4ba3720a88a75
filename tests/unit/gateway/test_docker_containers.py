"""Create requests and inspections of the Docker API."""

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from strata.runtime.v1 import container_pb2 as pb
from strata.runtime.v1 import runtime_pb2
from strata_chassis.errors import InvalidArgument
from strata_gateway.docker_api.containers.create import spec_of
from strata_gateway.docker_api.containers.inspect import inspected
from strata_gateway.docker_api.containers.summary import is_selected, status_words, summarised
from strata_gateway.docker_api.containers.usage import stats_shown
from strata_gateway.docker_api.filters import Filters

CLI_RUN = {  # what `docker run -it --rm -p 8080:80 -v /src:/dst:ro -m 64m --name web debian bash` sends, shortened
    "Hostname": "",
    "Tty": True,
    "OpenStdin": True,
    "StdinOnce": True,
    "Env": None,
    "Cmd": ["bash"],
    "Image": "debian",
    "Volumes": {},
    "Entrypoint": None,
    "Labels": {},
    "ExposedPorts": {"80/tcp": {}},
    "HostConfig": {
        "Binds": ["/src:/dst:ro"],
        "NetworkMode": "default",
        "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]},
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
        "AutoRemove": True,
        "Memory": 67108864,
        "MemorySwappiness": -1,
        "PidsLimit": None,
        "OomKillDisable": None,
        "MaskedPaths": None,
    },
    "NetworkingConfig": {"EndpointsConfig": {"default": {"Aliases": None}}},
}


def spec(**fields):
    return spec_of({"Image": "x", **fields}, "")


def test_what_the_docker_command_sends_is_understood():
    made = spec_of(CLI_RUN, "web")
    assert (made.name, made.image, list(made.command)) == ("web", "debian", ["bash"])
    assert (made.tty, made.open_stdin, made.stdin_once, made.auto_remove) == (True, True, True, True)
    assert made.network_mode == "bridge"
    assert made.ports[0] == pb.PortMapping(host_port=8080, container_port=80, protocol="tcp")
    assert made.mounts[0] == pb.Mount(
        type=pb.Mount.TYPE_BIND, source="/src", target="/dst", read_only=True, create_source=True
    )
    assert made.resources == pb.Resources(memory_bytes=67108864)
    assert not made.security.HasField("masked_paths")


@pytest.mark.parametrize(
    ("entrypoint", "words", "clears"),
    [(None, [], False), ([], [], True), ([""], [], True), (["a", "b"], ["a", "b"], False), ("a", ["a"], False)],
)
def test_an_entrypoint_is_kept_cleared_or_replaced(entrypoint, words, clears):
    made = spec(Entrypoint=entrypoint)
    assert (list(made.entrypoint), made.clear_entrypoint) == (words, clears)


@pytest.mark.parametrize(
    ("bind", "mount"),
    [
        ("/a:/b", pb.Mount(type=pb.Mount.TYPE_BIND, source="/a", target="/b", create_source=True)),
        (
            "/a:/b:ro,rshared,z",
            pb.Mount(
                type=pb.Mount.TYPE_BIND,
                source="/a",
                target="/b",
                create_source=True,
                read_only=True,
                propagation="rshared",
            ),
        ),
        ("vol:/b:nocopy", pb.Mount(type=pb.Mount.TYPE_VOLUME, source="vol", target="/b", no_copy=True)),
        ("/b", pb.Mount(type=pb.Mount.TYPE_VOLUME, target="/b")),
    ],
)
def test_binds_are_mounts(bind, mount):
    assert spec(HostConfig={"Binds": [bind]}).mounts[0] == mount


def test_mount_objects_and_tmpfs_are_mounts():
    made = spec(
        HostConfig={
            "Mounts": [
                {"Type": "bind", "Source": "/a", "Target": "/b", "BindOptions": {"Propagation": "rslave"}},
                {
                    "Type": "volume",
                    "Target": "/v",
                    "VolumeOptions": {"Subpath": "sub", "DriverConfig": {"Name": "local"}},
                },
                {"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 10, "Mode": 0o700}},
            ],
            "Tmpfs": {"/u": "size=64m,mode=1770,noexec,ro"},
        }
    )
    assert list(made.mounts) == [
        pb.Mount(type=pb.Mount.TYPE_BIND, source="/a", target="/b", propagation="rslave"),
        pb.Mount(type=pb.Mount.TYPE_VOLUME, target="/v", volume_subpath="sub", volume_driver="local"),
        pb.Mount(type=pb.Mount.TYPE_TMPFS, target="/t", tmpfs_size_bytes=10, tmpfs_mode=0o700),
        pb.Mount(
            type=pb.Mount.TYPE_TMPFS,
            target="/u",
            tmpfs_size_bytes=64 << 20,
            tmpfs_mode=0o1770,
            tmpfs_options=["noexec"],
            read_only=True,
        ),
    ]


def test_an_anonymous_volume_does_not_hide_what_was_asked_for():
    made = spec(Volumes={"/a": {}, "/b": {}}, HostConfig={"Binds": ["/src:/a"]})
    assert [(mount.source, mount.target) for mount in made.mounts] == [("/src", "/a"), ("", "/b")]


@pytest.mark.parametrize(
    "broken",
    [
        {"HostConfig": {"Memory": "much"}},
        {"HostConfig": {"Binds": ["/a:/b:sideways"]}},
        {"HostConfig": {"Binds": [7]}},
        {"HostConfig": {"Mounts": [{"Type": "npipe"}]}},
        {"HostConfig": {"PortBindings": {"http": [{}]}}},
        {"HostConfig": {"RestartPolicy": {"Name": "sometimes"}}},
        {"HostConfig": {"SecurityOpt": ["nonsense"]}},
        {"HostConfig": {"Ulimits": [{}]}},
        {"HostConfig": {"Tmpfs": {"/x": "size=big"}}},
        {"HostConfig": "x"},
        {"Env": {"a": 1}, "Cmd": 7},
        {"Labels": ["x"]},
        {"StopTimeout": "soon"},
        {"HostConfig": {"LogConfig": {"Type": "syslog"}}},
        {"HostConfig": {"DeviceRequests": [{"Count": -1, "Capabilities": [["gpu"]]}]}},
    ],
)
def test_a_body_of_another_shape_is_refused(broken):
    with pytest.raises(InvalidArgument):
        spec(**broken)


@pytest.mark.parametrize(
    ("option", "field", "value"),
    [
        ("no-new-privileges", "no_new_privileges", True),
        ("no-new-privileges:true", "no_new_privileges", True),
        ("no-new-privileges=false", "no_new_privileges", False),
        ("seccomp=unconfined", "seccomp_profile", "unconfined"),
        ("seccomp:unconfined", "seccomp_profile", "unconfined"),
        ('seccomp={"a":"b=c"}', "seccomp_profile", '{"a":"b=c"}'),
        ("apparmor=mine", "apparmor_profile", "mine"),
    ],
)
def test_security_options_are_read(option, field, value):
    assert getattr(spec(HostConfig={"SecurityOpt": [option]}).security, field) == value


def test_masked_paths_may_be_set_to_none_at_all():
    security = spec(HostConfig={"MaskedPaths": [], "ReadonlyPaths": ["/proc/x"]}).security
    assert security.HasField("masked_paths")
    assert list(security.readonly_paths.paths) == ["/proc/x"]


def container(**fields):
    return pb.Container(id="a" * 64, name="web", spec=spec_of(CLI_RUN, "web"), **fields)


def test_what_was_asked_for_is_what_is_inspected():
    shown = inspected(container(args=["bash"]), {"Env": ["A=b"], "WorkingDir": "/w"})
    assert shown["Config"]["Env"] == ["A=b"]
    assert shown["Config"]["WorkingDir"] == "/w"
    assert shown["Config"]["Cmd"] == ["bash"]
    host = shown["HostConfig"]
    assert host["Binds"] == ["/src:/dst:ro"]
    assert host["PortBindings"] == {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}
    assert host["Memory"] == 67108864
    assert host["RestartPolicy"] == {"Name": "no", "MaximumRetryCount": 0}
    assert spec_of({**shown["Config"], "HostConfig": host}, "web").ports == container().spec.ports


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"state": pb.Container.STATE_CREATED}, "Created"),
        ({"state": pb.Container.STATE_RUNNING}, "Up 2 minutes"),
        ({"state": pb.Container.STATE_PAUSED}, "Up 2 minutes (Paused)"),
        (
            {"state": pb.Container.STATE_RUNNING, "health": pb.Health(status=pb.Health.STATUS_STARTING)},
            "Up 2 minutes (health: starting)",
        ),
        ({"state": pb.Container.STATE_EXITED, "exit_code": 3}, "Exited (3) About a minute ago"),
        ({"state": pb.Container.STATE_RESTARTING, "exit_code": 1}, "Restarting (1) About a minute ago"),
    ],
)
def test_the_status_is_in_dockers_words(fields, words):
    made = container(start_time=Timestamp(seconds=880), finish_time=Timestamp(seconds=920), **fields)
    assert status_words(made, now_s=1000) == words


@pytest.mark.parametrize(
    ("filters", "selected"),
    [
        ({}, True),
        ({"status": ["running"]}, True),
        ({"status": ["exited"]}, False),
        ({"name": ["we"]}, True),
        ({"name": ["^/web$"]}, True),
        ({"name": ["other"]}, False),
        ({"id": ["aaa"]}, True),
        ({"id": ["b"]}, False),
        ({"exited": ["0"]}, False),
        ({"network": ["bridge"]}, True),
        ({"network": ["other"]}, False),
        ({"publish": ["8080"]}, True),
        ({"publish": ["81"]}, False),
        ({"expose": ["80/tcp"]}, True),
        ({"health": ["none"]}, True),
    ],
)
def test_filters_select(filters, selected):
    made = container(
        state=pb.Container.STATE_RUNNING, ports=[pb.PortMapping(host_port=8080, container_port=80, protocol="tcp")]
    )
    assert is_selected(made, Filters(filters), None) is selected


def test_a_listed_container_shows_its_ports():
    made = container(
        state=pb.Container.STATE_RUNNING, ports=[pb.PortMapping(host_port=8080, container_port=80, protocol="tcp")]
    )
    assert summarised(made)["Ports"] == [{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}]  # noqa: S104


def test_usage_is_never_negative():
    now = runtime_pb2.ContainerStats(cpu_total_ns=5, cpu_system_ns=7)
    assert stats_shown(now, None)["cpu_stats"]["cpu_usage"]["usage_in_usermode"] == 0
