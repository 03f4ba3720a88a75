"""Image configurations: how to run an image, and which layers it has. Source: OCI image-spec, config.md."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from strata_oci import reading
from strata_oci.digest import Digest
from strata_oci.errors import MalformedError
from strata_oci.platform import Platform


@dataclass(frozen=True)
class Healthcheck:
    """Docker's extension; times are nanoseconds, 0 stands for the engine's default."""

    test: tuple[str, ...] = ()
    interval_ns: int = 0
    timeout_ns: int = 0
    start_period_ns: int = 0
    retries: int = 0


@dataclass(frozen=True)
class Execution:
    """How to run a container of the image; the ``config`` object."""

    user: str = ""
    env: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    working_dir: str = ""
    exposed_ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = ""
    shell: tuple[str, ...] = ()
    healthcheck: Healthcheck | None = None


@dataclass(frozen=True)
class HistoryEntry:
    """How one layer came to be."""

    created: str = ""
    created_by: str = ""
    author: str = ""
    comment: str = ""
    is_empty_layer: bool = False


@dataclass(frozen=True)
class ImageConfig:
    """An image's configuration, with the exact bytes that its digest, the image id, names."""

    platform: Platform
    diff_ids: tuple[Digest, ...]
    raw: bytes = field(repr=False)
    execution: Execution = field(default_factory=Execution)
    history: tuple[HistoryEntry, ...] = ()
    created: str = ""
    author: str = ""

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Return the configuration in ``raw``; null and missing fields have defaults. Raises MalformedError."""
        source = reading.load_object(raw, "image config")
        rootfs = reading.obj(source, "rootfs")
        if reading.text(rootfs, "type", default="layers") != "layers":
            raise MalformedError("the image's rootfs is not made of layers", reason="IMAGE_CONFIG_INVALID")
        return cls(
            platform=Platform.read(source),
            diff_ids=tuple(Digest.parse(text) for text in reading.texts(rootfs, "diff_ids")),
            raw=raw,
            execution=_execution(reading.obj(source, "config")),
            history=tuple(_history_entry(entry) for entry in reading.objects(source, "history")),
            created=reading.text(source, "created"),
            author=reading.text(source, "author"),
        )

    @property
    def image_id(self) -> Digest:
        """The digest of the exact bytes."""
        return Digest.of(self.raw)


def _execution(source: reading.Json) -> Execution:
    healthcheck = reading.obj(source, "Healthcheck")
    return Execution(
        user=reading.text(source, "User"),
        env=reading.texts(source, "Env"),
        entrypoint=reading.texts(source, "Entrypoint"),
        cmd=reading.texts(source, "Cmd"),
        working_dir=reading.text(source, "WorkingDir"),
        exposed_ports=tuple(reading.obj(source, "ExposedPorts")),
        volumes=tuple(reading.obj(source, "Volumes")),
        labels=reading.text_map(source, "Labels"),
        stop_signal=reading.text(source, "StopSignal"),
        shell=reading.texts(source, "Shell"),
        healthcheck=_healthcheck(healthcheck) if healthcheck else None,
    )


def _healthcheck(source: reading.Json) -> Healthcheck:
    return Healthcheck(
        test=reading.texts(source, "Test"),
        interval_ns=reading.number(source, "Interval"),
        timeout_ns=reading.number(source, "Timeout"),
        start_period_ns=reading.number(source, "StartPeriod"),
        retries=reading.number(source, "Retries"),
    )


def _history_entry(source: reading.Json) -> HistoryEntry:
    return HistoryEntry(
        created=reading.text(source, "created"),
        created_by=reading.text(source, "created_by"),
        author=reading.text(source, "author"),
        comment=reading.text(source, "comment"),
        is_empty_layer=reading.flag(source, "empty_layer"),
    )
