"""Save images to an archive and load them from one."""

import asyncio
import json
import tarfile
from collections.abc import AsyncGenerator, AsyncIterator, Mapping

from strata.gateway.v1 import gateway_pb2 as pb
from strata.store.v1 import store_pb2 as store_pb
from strata_chassis.errors import InvalidArgument
from strata_gateway.adapters.peers import Peers
from strata_gateway.adapters.spool import Spool, SpoolFolder
from strata_gateway.core.archive.layout import (
    ArchivedImage,
    ArchiveError,
    SavedImage,
    archived_images,
    blob_name,
    documents,
)
from strata_gateway.core.archive.tar_writing import END, header, padding, small_file
from strata_gateway.engine.commit import full_names
from strata_gateway.engine.layers import hold_layer, import_layer, lease
from strata_oci.reference import Reference

_SMALL_BYTES = 8 << 20


async def save(peers: Peers, request: pb.SaveImagesRequest) -> AsyncGenerator[bytes, None]:
    """The archive in pieces: every layer once, whichever images have it."""
    async with lease(peers, "save") as lease_name:
        saved = [await _saved(peers, image, lease_name) for image in request.images]
        for name, content in documents(saved, _familiar).items():
            yield small_file(name, content)
        for diff_id, size_bytes in dict(layer for image in saved for layer in image.layers).items():
            yield header(blob_name(diff_id), size_bytes)
            async for response in peers.store.ExportLayer(store_pb.ExportLayerRequest(diff_id=diff_id)):
                yield response.data
            yield padding(size_bytes)
        yield END


async def _saved(peers: Peers, name: str, lease_name: str) -> SavedImage:
    got = await peers.store.GetImage(store_pb.GetImageRequest(image=name))
    await peers.store.CreateLease(store_pb.CreateLeaseRequest(name=lease_name, images=[got.image.digest]))
    layers = [
        (await peers.store.GetLayer(store_pb.GetLayerRequest(diff_id=diff_id))).layer for diff_id in got.image.diff_ids
    ]
    # An image asked for by its ID is saved without names, one asked for by a name with that name.
    names = [full for full in got.image.names if _names(name, full)]
    return SavedImage(got.config, names, [(layer.diff_id, layer.logical_bytes) for layer in layers])


def _names(asked: str, full: str) -> bool:
    try:
        reference = Reference.parse(asked)
    except ValueError:
        return False
    return full == str(reference.with_default_tag()) or (not reference.tag and full.startswith(f"{reference.name}:"))


def _familiar(name: str) -> str:
    return Reference.parse(name).familiar


async def load(peers: Peers, folder: SpoolFolder, chunks: AsyncIterator[bytes]) -> AsyncGenerator[store_pb.Image, None]:
    """Store the images of an archive; yields each when it is there. The archive is kept in ``folder`` meanwhile."""
    with Spool(folder) as spool:
        await spool.fill(chunks)
        members = await asyncio.to_thread(_members, spool)
        images = await asyncio.to_thread(_images_of, spool, members)
        async with lease(peers, "load") as lease_name:
            for image in images:
                yield await _load_one(peers, spool, members, image, lease_name)


def _members(spool: Spool) -> Mapping[str, tarfile.TarInfo]:
    """Regular files of the archive by name, links resolved to what they name; names are keys, never paths."""
    spool.file.seek(0)
    try:
        with tarfile.open(fileobj=spool.file, mode="r:") as archive:
            found = {_plain(member.name): member for member in archive}
    except tarfile.TarError as error:
        raise InvalidArgument(f"the archive is no valid tar: {error}", reason="ARCHIVE_INVALID") from error
    for name, member in list(found.items()):
        if member.issym():
            target = _plain(f"{name.rpartition('/')[0]}/{member.linkname}")
            found[name] = found.get(target, member)
        elif member.islnk():
            found[name] = found.get(_plain(member.linkname), member)
    return {name: member for name, member in found.items() if member.isreg()}


def _plain(name: str) -> str:
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def _images_of(spool: Spool, members: Mapping[str, tarfile.TarInfo]) -> list[ArchivedImage]:
    def read(name: str) -> bytes:
        member = members[name]
        if member.size > _SMALL_BYTES:
            raise ArchiveError(f"the member {name!r} is too large for a document")
        spool.file.seek(member.offset_data)
        return spool.file.read(member.size)

    try:
        return archived_images(read)
    except ArchiveError as error:
        raise InvalidArgument(str(error), reason="ARCHIVE_INVALID") from error


async def _load_one(
    peers: Peers, spool: Spool, members: Mapping[str, tarfile.TarInfo], image: ArchivedImage, lease_name: str
) -> store_pb.Image:
    for name, diff_id in zip(image.layers, _diff_ids(image), strict=True):
        if await hold_layer(peers, lease_name, diff_id):
            continue
        member = members.get(_plain(name))
        if member is None:
            raise InvalidArgument(f"the archive has no member {name!r}", reason="ARCHIVE_INVALID")
        await import_layer(peers, lease_name, spool.read(member.offset_data, member.size), diff_id)
    names = [full for name in image.names for full in full_names(name)]
    request = store_pb.CreateImageRequest(config=image.config, names=names, lease=lease_name)
    return (await peers.store.CreateImage(request)).image


def _diff_ids(image: ArchivedImage) -> list[str]:
    try:
        diff_ids = [str(diff_id) for diff_id in json.loads(image.config)["rootfs"]["diff_ids"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidArgument(f"an image's config is invalid: {error}", reason="ARCHIVE_INVALID") from error
    if len(diff_ids) != len(image.layers):
        raise InvalidArgument("an image's config and its layers do not agree", reason="ARCHIVE_INVALID")
    return diff_ids
