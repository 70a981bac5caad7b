"""Static files that do not agree with themselves, checkpoints that prove nothing, and sources that fail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accord_client.audit import source as sources
from accord_client.audit.report import Report, Status
from accord_client.audit.run import audit
from accord_client.audit.source import FolderSource, HttpSource, Missing, Unreachable
from accord_genesis.document import SignedDocument
from accord_ledger import codec
from accord_ledger.merkle.tiles import unpack_entries
from audit_world import (
    QUORUM,
    Forger,
    assert_only,
    audited,
    checkpoint_note,
    document,
    flip,
    forged,
    genesis_file,
    last_tile,
    write_log,
)
from domain_alliance import SEATS, key_of


def honest(blocks: int = 1) -> Forger:
    """The usual log, closed."""
    world, _ = forged()
    world.close()
    world.more(blocks)
    return world


# -- tiles and bundles -----------------------------------------------------------------------------------


async def test_a_hash_flipped_in_a_tile(tmp_path: Path) -> None:
    world = honest()
    world.write(tmp_path)
    flip(tmp_path / last_tile(world.log), 32 * 7)
    assert_only(await audited(tmp_path), "tiles", "TILE_HASHES", 7, None)


async def test_a_hash_flipped_higher_up(tmp_path: Path) -> None:
    world = honest(300)
    world.write(tmp_path)
    flip(tmp_path / "tile/1/000.p/1")
    assert_only(await audited(tmp_path), "tiles", "TILE_HASHES", 0, None)


async def test_a_tile_that_is_too_short_or_missing(tmp_path: Path) -> None:
    world = honest()
    world.write(tmp_path)
    tile = tmp_path / last_tile(world.log)
    tile.write_bytes(tile.read_bytes()[:-32])
    assert_only(await audited(tmp_path), "tiles", "TILE_HASHES", 0, None)
    tile.unlink()
    assert_only(await audited(tmp_path), "tiles", "TILE_MISSING", 0, None)


async def test_a_checkpoint_of_another_tree(tmp_path: Path) -> None:
    world = honest()
    world.write(tmp_path, root=b"\1" * 32)
    assert_only(await audited(tmp_path), "tiles", "CHECKPOINT_ROOT", None, None)


@pytest.mark.parametrize(("keep", "code"), [(-1, "TILE_ENTRIES"), (None, "ENTRIES_MISSING")])
async def test_a_bundle_that_lacks_entries(tmp_path: Path, keep: int | None, code: str) -> None:
    world = honest(300)
    world.write(tmp_path)
    bundle = next((tmp_path / "tile/entries").glob("001.p/*"))
    bundle.unlink() if keep is None else bundle.write_bytes(bundle.read_bytes()[:keep])
    report = await audited(tmp_path)
    assert [(found.check, found.code, found.entry) for found in report.findings] == [("entries", code, 256)]
    assert report.entries == 256
    assert {check.status for check in report.checks if check.name in ("rules", "tiles", "finality")} == {
        Status.NOT_CHECKED
    }


async def test_a_bundle_with_one_entry_too_many(tmp_path: Path) -> None:
    world = honest()
    world.write(tmp_path)
    bundle = next((tmp_path / "tile/entries").glob("000.p/*"))
    bundle.write_bytes(bundle.read_bytes() + b"\0\1x")
    report = await audited(tmp_path)
    assert [(found.check, found.code) for found in report.findings] == [("entries", "TILE_ENTRIES")]


async def test_a_flipped_byte_is_named_at_its_height(tmp_path: Path) -> None:
    """DOMAIN.md section 6, step 22: a node with one flipped byte in a block is named at that height."""
    world, batch = forged()
    world.do(*world.use("r1", "n1", "a1", [batch[0]], "2/1"))
    index = world.index - 1
    world.close()
    world.more()
    world.write(tmp_path)
    bundle = next((tmp_path / "tile/entries").glob("000.p/*"))
    data = bundle.read_bytes()
    entry = unpack_entries(data, len(world.log))[index]
    flip(bundle, data.index(entry) + len(entry) - 20)
    first = (await audited(tmp_path)).first
    assert first is not None
    assert (first.entry, first.height) == (index, 4)


async def test_a_full_file_replaces_a_partial_one(tmp_path: Path) -> None:
    world = honest(300)
    write_log(tmp_path, world.log)
    shorter = world.log[: world.heights[200] + 1]
    (tmp_path / "checkpoint").write_bytes(checkpoint_note(shorter))
    report = await audited(tmp_path)
    assert (report.clean, report.height, report.entries) == (True, 200, len(shorter))


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_flipped_bit_is_a_finding_and_never_an_exception(data: st.DataObject, tmp_path: Path) -> None:
    folder = tmp_path / "flipped"
    if not folder.exists():
        honest().write(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    file = data.draw(st.sampled_from(files))
    at = data.draw(st.integers(0, file.stat().st_size - 1))
    flip(file, at)
    report = asyncio.run(audited(folder))
    flip(file, at)
    assert report.findings or (file.name == "checkpoint" and _only_ignored(file.read_bytes(), at))
    assert not report.failure


def _only_ignored(note: bytes, at: int) -> bool:
    """Whether a byte stands in a signature line; one of an unknown key is ignored, and five of six are enough."""
    return at > note.rindex(b"\n\n")


# -- checkpoints -----------------------------------------------------------------------------------------


async def test_a_checkpoint_below_quorum(tmp_path: Path) -> None:
    world = honest()
    world.write(tmp_path, cosigners=SEATS[: QUORUM - 1])
    assert_only(await audited(tmp_path), "finality", "CHECKPOINT_QUORUM", None, None)


async def test_a_checkpoint_of_a_log_nobody_knows(tmp_path: Path) -> None:
    world = honest()
    world.write(tmp_path, log=key_of("stranger"))
    assert_only(await audited(tmp_path), "checkpoint", "CHECKPOINT_LOG", None, None)


async def test_a_cosignature_that_fails(tmp_path: Path) -> None:
    world = honest()
    world.write(tmp_path)
    note = (tmp_path / "checkpoint").read_bytes()
    other = checkpoint_note(world.log, root=b"\1" * 32)
    theirs, ours = other.splitlines()[-1], note.splitlines()[-1]
    (tmp_path / "checkpoint").write_bytes(note.replace(ours, theirs))
    assert_only(await audited(tmp_path), "finality", "NOTE_SIGNATURE_INVALID", None, None)


@pytest.mark.parametrize("note", [b"", b"nonsense", b"x\n1\nAA==\n\n\xe2\x80\x94 x AAAAAAA=\n"])
async def test_a_checkpoint_that_is_none(tmp_path: Path, note: bytes) -> None:
    (tmp_path / "checkpoint").write_bytes(note)
    report = await audited(tmp_path)
    assert [found.check for found in report.findings] == ["checkpoint"]
    assert report.check("rules").status is Status.NOT_CHECKED


async def test_a_fork_is_found_by_the_checkpoint_somebody_kept(tmp_path: Path) -> None:
    world, _ = forged()
    kept = checkpoint_note(world.log)
    world.close()
    other = checkpoint_note([*world.log[:-1], world.log[0]])
    world.write(tmp_path)
    assert (await audited(tmp_path, others=[kept])).check("consistency").status is Status.PASS
    found = assert_only(
        await audited(tmp_path, others=[kept, other]),
        "consistency",
        "CHECKPOINT_FORK",
        len(world.log) - 1,
        None,
    )
    assert found.got.count("ledger.example/forged/") == len(SEATS)


async def test_a_checkpoint_beyond_the_log_says_nothing(tmp_path: Path) -> None:
    world = honest()
    world.write(tmp_path)
    report = await audited(tmp_path, others=[checkpoint_note([*world.log, b"x"])])
    assert report.clean
    assert report.check("consistency").status is Status.NOT_CHECKED


# -- genesis ---------------------------------------------------------------------------------------------


async def test_a_genesis_file_a_founder_did_not_sign(tmp_path: Path) -> None:
    honest().write(tmp_path)
    report = await audited(tmp_path, genesis=genesis_file(SEATS[1:]))
    assert_only(report, "genesis", "GENESIS_UNSIGNED", None, None)


async def test_a_genesis_file_with_a_false_signature(tmp_path: Path) -> None:
    honest().write(tmp_path)
    good = codec.decode(genesis_file(), SignedDocument, limit=2**20)
    first, *rest = good.signatures
    forged_first = type(first)(party=first.party, key_id=first.key_id, signature=rest[0].signature)
    bad = codec.encode(SignedDocument(document=good.document, signatures=(forged_first, *rest)))
    assert_only(await audited(tmp_path, genesis=bad), "genesis", "GENESIS_SIGNATURE", None, None)


async def test_an_altered_genesis_is_another_network(tmp_path: Path) -> None:
    world = honest()
    world.write(tmp_path)
    altered = genesis_file(data=document().replace(b"Forged alliance", b"Honest alliance"))
    report = await audited(tmp_path, genesis=altered)
    assert report.first is not None
    assert (report.first.code, report.first.height) == ("SEAL_NETWORK", 1)
    pinned = await audited(tmp_path, genesis=genesis_file(), network=b"\1" * 32)
    assert_only(pinned, "genesis", "GENESIS_PIN", None, None)
    assert (await audited(tmp_path, network=world.network)).clean


async def test_a_genesis_file_that_is_none(tmp_path: Path) -> None:
    report = await audited(tmp_path, genesis=b"\x80")
    assert [found.check for found in report.findings] == ["genesis"]
    assert {check.status for check in report.checks if check.name != "genesis"} == {Status.NOT_CHECKED}


# -- sources ---------------------------------------------------------------------------------------------


@asynccontextmanager
async def served(folder: Path, *, busy: int = 0) -> AsyncIterator[str]:
    """A static server that is too busy for the first requests."""
    refused = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal refused
        if refused < busy:
            refused += 1
            return web.Response(status=503)
        file = folder / request.path.lstrip("/")
        return web.FileResponse(file) if file.is_file() else web.Response(status=404)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def from_server(base: str) -> Report:
    return await audit(HttpSource(base, pause=0.001), genesis_file())


async def test_a_log_is_audited_from_a_server_that_is_sometimes_busy(tmp_path: Path) -> None:
    world = honest(300)
    world.write(tmp_path)
    async with served(tmp_path, busy=3) as base:
        report = await from_server(base)
    assert report.clean
    assert report.entries == len(world.log)


async def test_a_server_without_a_log_or_that_stays_busy_is_no_finding(tmp_path: Path) -> None:
    async with served(tmp_path) as base:
        assert "no checkpoint" in (await from_server(base)).failure
    async with served(tmp_path, busy=100) as base:
        report = await from_server(base)
    assert "503" in report.failure
    assert not report.findings
    assert report.check("finality").status is Status.NOT_CHECKED
    assert report.check("genesis").status is Status.PASS


async def test_nothing_answers_at_all() -> None:
    report = await from_server("http://127.0.0.1:1")
    assert report.failure
    assert not report.findings


async def test_downloads_are_bounded(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_bytes(b"x" * 100)
    async with served(tmp_path) as base, HttpSource(base, pause=0.001) as source:
        assert len(await source.read("checkpoint", 100)) == 100
        with pytest.raises(Unreachable):
            await source.read("checkpoint", 99)
        with pytest.raises(Missing):
            await source.read("tile/0/000", 99)
    with pytest.raises(Unreachable):
        await FolderSource(tmp_path).read("checkpoint", 99)
    assert sources.limit_of("tile/0/000") == 8192


async def test_a_nodes_own_folder_is_found(tmp_path: Path) -> None:
    honest().write(tmp_path / "log")
    assert (await audited(tmp_path)).clean
