"""COPY of documents that are written into the Dockerfile."""

import io
import tarfile
from collections.abc import Sequence

from strata_gateway.adapters.spool import Spool, SpoolFolder
from strata_gateway.core.dockerfile.instruction import Heredoc


def heredoc_tar(folder: SpoolFolder, documents: Sequence[Heredoc]) -> Spool:
    """A tar with one file per document; the caller closes it."""
    spool = Spool(folder)
    with tarfile.open(fileobj=spool.file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for document in documents:
            content = document.content.encode()
            member = tarfile.TarInfo(document.name)
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    return spool
