"""The demonstration's credential, given to strangers: over https to their verifiers, and to a machine without any network.

The strangers find the institution's DID document and its status lists by themselves, over https from the
institution's node; nothing is put into their hands. Their packages are those of ``js/package-lock.json`` and
``python/requirements.txt``; where they cannot be had the tests are skipped and say so.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from accord_client.documents.context_store import bundled
from accord_client.documents.open_badge_check import CONTEXTS
from accord_ledger.errors import AccordError
from accord_node.demo import online
from demo_alliance import Told, demonstration
from foreign_documents import BADGE, TOKEN
from foreign_programs import INTEROP
from verify_alone import verify_alone
from waiting import until_so

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]
STRANGERS = ("digitalcredentials", "openvc")
SECONDS = 30.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    """The demonstration's alliance with a batch of uu."""
    async with demonstration(tmp_path_factory.mktemp("demo")) as story:
        yield story


class Stranger:
    """Somebody's verifier, reached over https."""

    def __init__(self, session: aiohttp.ClientSession, port: int) -> None:
        self._session = session
        self._url = f"https://localhost:{port}/credentials/verify"

    async def judge(self, credential: Any) -> tuple[int, dict[str, Any]]:
        async with self._session.post(self._url, json={"verifiableCredential": credential}) as answer:
            return answer.status, await answer.json()

    async def until(self, credential: Any, status: int) -> dict[str, Any]:
        """Ask until it answers so: a change reaches the node of the list within a moment."""
        said: dict[str, Any] = {}

        async def answers_so() -> bool:
            nonlocal said
            found, said = await self.judge(credential)
            return found == status

        await until_so(answers_so, f"status {status}", SECONDS)
        return said


@asynccontextmanager
async def serving(
    demo: Told, command: list[str], folder: Path, **environment: str
) -> AsyncIterator[Stranger]:
    """A verifier's process, with a certificate of the demonstration's authority."""
    authority, contexts = demo.founded.authority, demo.folder / "contexts.json"
    contexts.write_text(json.dumps({CONTEXTS[1]: json.loads(bundled().texts[CONTEXTS[1]])}))
    files = (
        authority.folder / "server.pem",
        authority.folder / "server.key",
        authority.certificate,
        contexts,
    )
    process = await asyncio.create_subprocess_exec(
        *command, *map(str, files),
        cwd=folder, env={"PATH": os.environ["PATH"], **environment},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = int(await asyncio.wait_for(process.stdout.readline(), SECONDS))
        connector = aiohttp.TCPConnector(ssl=authority.client_context())
        async with aiohttp.ClientSession(connector=connector) as session:
            yield Stranger(session, port)
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            process.kill()
            await process.wait()


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=STRANGERS)
async def stranger(request: pytest.FixtureRequest, demo: Told) -> AsyncIterator[Stranger]:
    """Each of them in turn; one that cannot be had is skipped alone."""
    authority = str(demo.founded.authority.certificate)
    if request.param == "openvc":
        command = [sys.executable, "-S", str(INTEROP / "python" / "verifier_service.py")]
        packages = request.getfixturevalue("python_packages")
        running = serving(demo, command, INTEROP, PYTHONPATH=str(packages))
    else:
        folder = request.getfixturevalue("scripts")
        running = serving(demo, ["node", "verifier_service.mjs"], folder, NODE_EXTRA_CA_CERTS=authority)
    async with running as found:
        yield found


async def test_a_stranger_verifies_the_badge_over_https(stranger: Stranger, demo: Told) -> None:
    status, said = await stranger.judge(demo.badge(5))
    assert (status, said["verified"]) == (200, True), said


@pytest.mark.parametrize("alteration", sorted(BADGE))
async def test_a_stranger_refuses_the_badge_altered(stranger: Stranger, demo: Told, alteration: str) -> None:
    status, said = await stranger.judge(BADGE[alteration](demo.badge(5)))
    assert (status, said["verified"]) == (400, False), said


async def test_a_stranger_sees_suspension_and_revocation(
    stranger: Stranger, demo: Told, request: pytest.FixtureRequest
) -> None:
    index = 10 + STRANGERS.index(request.node.callspec.params["stranger"])
    for action, status in (("suspend", 400), ("reinstate", 200), ("revoke", 400)):
        assert (await stranger.judge(demo.badge(index)))[0] != status
        await demo.change(index, action)
        await stranger.until(demo.badge(index), status)
    assert (await stranger.judge(demo.badge(5)))[0] == 200


@pytest.mark.parametrize("stranger", ["openvc"], indirect=True)
async def test_a_stranger_verifies_the_token_and_its_status_over_https(
    stranger: Stranger, demo: Told
) -> None:
    status, said = await stranger.judge(demo.token(20))
    assert (status, said.get("issuer")) == (200, demo.who.did("uu")), said
    for change in TOKEN.values():
        assert (await stranger.judge(change(demo.token(20))))[0] == 400
    await demo.change(20, "revoke")
    assert "revoked" in str(await stranger.until(demo.token(20), 400))


async def test_the_demonstration_judges_badges_by_what_their_issuer_publishes(demo: Told) -> None:
    tls, now = demo.founded.authority.client_context(), int(time.time())
    seen = await online.look(demo.badge(8), tls, at=now)
    assert (seen.did, seen.set_for) == (demo.who.did("uu"), ())
    await demo.change(8, "revoke")

    async def listed() -> bool:
        nonlocal seen
        seen = await online.look(demo.badge(8), tls, at=int(time.time()))
        return bool(seen.set_for)

    await until_so(listed, "the badge on a list", SECONDS)
    assert seen.set_for == ("revocation",)
    assert seen.listed["revocation"] >= 1
    with pytest.raises(AccordError, match="PROOF"):
        await online.look(BADGE["known term"](demo.badge(9)), tls, at=now)


async def test_its_bundle_verifies_on_a_machine_without_network(demo: Told, tmp_path: Path) -> None:
    """The package and the alliance's policy file, with all sockets blocked."""
    async with demo.session.get(demo.founded.url("uu") + "/policy") as answer:
        (tmp_path / "policy").write_bytes(await answer.read())
    (tmp_path / "learner.accord.json").write_bytes(await demo.bundle(6))
    pin = ("--policy", "policy", "--network", demo.founded.genesis.network.hex())
    done = await asyncio.to_thread(verify_alone, tmp_path, "learner.accord.json", *pin, "--json")
    assert done.returncode == 0, (done.stdout, done.stderr)
    report = json.loads(done.stdout)
    assert report["verdict"] == "valid"
    assert report["facts"]["issuers"][0]["party"] == "uu"
    await demo.change(6, "revoke")
    (tmp_path / "learner.accord.json").write_bytes(await demo.bundle(6))
    done = await asyncio.to_thread(verify_alone, tmp_path, "learner.accord.json", *pin, "--json")
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (1, "invalid")
