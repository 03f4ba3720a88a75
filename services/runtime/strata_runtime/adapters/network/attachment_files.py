"""What we keep on disk of each attachment: its record and the files for the container's /etc.

The records lie in the run directory and nothing is synced: it tells of things in the kernel's memory, and is worth
nothing after a power loss. It survives the death of our process, which is what matters.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from strata_chassis.errors import InvalidArgument
from strata_runtime.core.network.records import attachment_from_json, attachment_to_json
from strata_runtime.core.network.spec import Attachment, EtcFiles

_RECORD = "attachment.json"
_CONTAINER_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}")


class AttachmentFiles:
    """The directory with one subdirectory per attached container."""

    def __init__(self, root: Path, etc_root: Path, boot_id: str) -> None:
        """``etc_root`` is on a disk: a container can write as much as there is room to the files in it."""
        self._root = root
        self._etc_root = etc_root
        self._boot_id = boot_id

    def write_etc(self, container_id: str, resolv_conf: str, hosts: str, hostname: str) -> EtcFiles:
        """Write the files for /etc, in place if they are there: a container may have them mounted."""
        directory = self._etc_root / self.directory(container_id).name
        directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        for name, text in (("resolv.conf", resolv_conf), ("hosts", hosts), ("hostname", hostname)):
            path = directory / name
            path.write_text(text)
            path.chmod(0o644)
        return EtcFiles(str(directory / "resolv.conf"), str(directory / "hosts"), str(directory / "hostname"))

    def record(self, attachment: Attachment) -> None:
        """Write the record, whole or not at all."""
        directory = self.directory(attachment.container_id)
        directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        partial = directory / f"{_RECORD}.partial"
        partial.write_bytes(attachment_to_json(attachment, self._boot_id))
        partial.rename(directory / _RECORD)

    def forget(self, container_id: str) -> None:
        """Remove the record first, then the rest: what is left of an unfinished removal has no record."""
        directory = self.directory(container_id)
        (directory / _RECORD).unlink(missing_ok=True)
        shutil.rmtree(directory, ignore_errors=True)
        shutil.rmtree(self._etc_root / directory.name, ignore_errors=True)

    def recorded(self) -> Iterator[Attachment]:
        """Yield the attachments of this boot; remove everything else."""
        roots = [root for root in (self._root, self._etc_root) if root.is_dir()]
        for name in sorted({path.name for root in roots for path in root.iterdir()}):
            attachment = self._read(name)
            if attachment is None:
                for root in roots:
                    shutil.rmtree(root / name, ignore_errors=True)
            else:
                yield attachment

    def _read(self, name: str) -> Attachment | None:
        try:
            record = (self._root / name / _RECORD).read_bytes()
        except OSError:
            return None
        attachment = attachment_from_json(record, self._boot_id)
        return attachment if attachment and attachment.container_id == name else None

    def directory(self, container_id: str) -> Path:
        """Return where a container's files are; raise InvalidArgument for an id that may not name a directory."""
        if not _CONTAINER_ID.fullmatch(container_id):
            message = f"invalid container id {container_id!r}"
            raise InvalidArgument(message, reason="CONTAINER_ID_INVALID", metadata={"container": container_id})
        return self._root / container_id
