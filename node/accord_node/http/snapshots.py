"""The snapshot others may join from: two addresses of static files, which any mirror can serve as well."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from aiohttp import web
from msgspec import Meta

from accord_node.http.problems import ProblemError
from accord_node.http.respond import IMMUTABLE, file_response
from accord_node.http.routes import Call, Nothing, Parameters, Route
from accord_node.http.site import Site
from accord_node.storage.snapshot import FOLDER

MSGPACK: Final = "application/vnd.msgpack"


class ChunkPath(Parameters, frozen=True, kw_only=True):
    """Which piece."""

    hash: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


async def manifest(site: Site, call: Call[Nothing, Nothing]) -> web.Response:
    """Which block the newest snapshot is of, why that is final, and its pieces."""
    return await _file(site, call.request, "manifest", cache="no-cache")


async def chunk(site: Site, call: Call[ChunkPath, Nothing]) -> web.Response:
    """One piece of a snapshot, by its SHA-256."""
    return await _file(site, call.request, f"chunk/{call.path.hash}", cache=IMMUTABLE)


async def _file(site: Site, request: web.Request, name: str, *, cache: str) -> web.Response:
    path: Path = site.node.store.files.root / FOLDER / name
    try:
        data = await site.reads.run(path.read_bytes)
    except FileNotFoundError as error:
        raise ProblemError("SNAPSHOT_UNKNOWN", f"this node serves no {FOLDER}/{name}") from error
    return file_response(request, data, media_type=MSGPACK, cache=cache)


ROUTES: Final = (
    Route("GET", "/snapshot/manifest", manifest, "The newest snapshot, canonical", MSGPACK,
          problems=("SNAPSHOT_UNKNOWN",)),
    Route("GET", "/snapshot/chunk/{hash}", chunk, "One piece of a snapshot", MSGPACK, path=ChunkPath,
          problems=("SNAPSHOT_UNKNOWN",)),
)  # fmt: skip
