"""Files of a container: copy in, copy out, look at one, export all."""

import base64
import json
import stat
from collections.abc import AsyncIterator

from strata.runtime.v1 import runtime_pb2 as pb
from strata_gateway.docker_api.routes import Routes
from strata_gateway.docker_api.times import rfc3339
from strata_gateway.engine.engine import Engine
from strata_gateway.web.exchange import Exchange

TAR = "application/x-tar"
_STAT_HEADER = "X-Docker-Container-Path-Stat"
_CHUNK_BYTES = 1 << 20

# Bits of Go's os.FileMode. Source: Go, io/fs, FileMode.
_GO_TYPES = {
    stat.S_IFDIR: 1 << 31,
    stat.S_IFLNK: 1 << 27,
    stat.S_IFIFO: 1 << 25,
    stat.S_IFSOCK: 1 << 24,
    stat.S_IFBLK: 1 << 26,
    stat.S_IFCHR: 1 << 26 | 1 << 21,
}
_GO_SPECIALS = {stat.S_ISUID: 1 << 23, stat.S_ISGID: 1 << 22, stat.S_ISVTX: 1 << 20}


async def put(engine: Engine, exchange: Exchange) -> None:
    """PUT /containers/{id}/archive: unpack the body into a directory."""
    await engine.peers.runtime.CopyIn(_copy_requests(exchange))
    await exchange.reply_empty(200)


async def _copy_requests(exchange: Exchange) -> AsyncIterator[pb.CopyInRequest]:
    request = exchange.request
    yield pb.CopyInRequest(
        header=pb.CopyInRequest.Header(
            container=exchange.parts["id"],
            path=request.text("path"),
            no_overwrite_dir_non_dir=request.flag("noOverwriteDirNonDir"),
            keep_owner=request.flag("copyUIDGID"),
        )
    )
    async for chunk in request.body:
        for start in range(0, len(chunk), _CHUNK_BYTES):
            yield pb.CopyInRequest(data=chunk[start : start + _CHUNK_BYTES])


async def get(engine: Engine, exchange: Exchange) -> None:
    """GET /containers/{id}/archive: a path as a tar, what it is in a header."""
    call = engine.peers.runtime.CopyOut(
        pb.CopyOutRequest(container=exchange.parts["id"], path=exchange.request.text("path"))
    )
    async for response in call:
        if not exchange.has_begun:
            await exchange.begin(TAR, headers={_STAT_HEADER: _stat_shown(response.stat)})
        await exchange.send(response.data)
    await exchange.end()


async def head(engine: Engine, exchange: Exchange) -> None:
    """HEAD /containers/{id}/archive: what is at a path."""
    response = await engine.peers.runtime.StatPath(
        pb.StatPathRequest(container=exchange.parts["id"], path=exchange.request.text("path"))
    )
    await exchange.reply_empty(200, {_STAT_HEADER: _stat_shown(response.stat)})


def _stat_shown(found: pb.PathStat) -> str:
    document = {
        "name": found.name,
        "size": found.size_bytes,
        "mode": go_mode(found.mode),
        "mtime": rfc3339(found.modify_time),
        "linkTarget": found.link_target,
    }
    return base64.b64encode(json.dumps(document).encode()).decode()


def go_mode(mode: int) -> int:
    """``st_mode`` as Go's os.FileMode."""
    kind = _GO_TYPES.get(stat.S_IFMT(mode), 0)
    specials = sum(bit for posix, bit in _GO_SPECIALS.items() if mode & posix)
    return kind | specials | (mode & 0o777)


async def export(engine: Engine, exchange: Exchange) -> None:
    """GET /containers/{id}/export: the whole root file system as a tar."""
    call = engine.peers.runtime.ExportFilesystem(pb.ExportFilesystemRequest(container=exchange.parts["id"]))
    async for response in call:
        if not exchange.has_begun:
            await exchange.begin(TAR)
        await exchange.send(response.data)
    await exchange.end()


ROUTES: Routes = (
    ("PUT", "/containers/{id}/archive", put),
    ("HEAD", "/containers/{id}/archive", head),
    ("GET", "/containers/{id}/archive", get),
    ("GET", "/containers/{id}/export", export),
)
