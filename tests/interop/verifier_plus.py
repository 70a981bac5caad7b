"""VerifierPlus, the Digital Credentials Consortium's web service, judges the demonstration's badge over https.

Tried by hand, on Linux as root, since it is a web application that no package registry has:

    git clone https://github.com/digitalcredentials/verifier-plus
    (cd verifier-plus && npm ci --ignore-scripts)
    PYTHONPATH=tests python tests/interop/verifier_plus.py verifier-plus

Its code is run as it is. It asks for a list of issuer registries at a fixed address; here that host is loopback,
in a mount namespace of its own, and the list is empty. So it says of every issuer that no registry of its own
knows it, which for it makes no credential "verified"; every other check is the credential's.

Recorded with version 2.0.2 (commit 5b0eae8):

    as issued:  valid_signature yes, revocation_status yes, suspension_status yes, expiration yes
    altered:    expiration NO, valid_signature NO, issuer_did_resolves NO, revocation_status NO
    suspended:  valid_signature yes, revocation_status yes, suspension_status NO, expiration yes
    reinstated: valid_signature yes, revocation_status yes, suspension_status yes, expiration yes
    revoked:    valid_signature yes, revocation_status NO, suspension_status yes, expiration yes
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from accord_node.demo.front import Authority, Fronts
from demo_alliance import Told, demonstration
from foreign_documents import put
from node_network import free_ports
from waiting import until_so

HOSTS = ("digitalcredentials.github.io", "purl.imsglobal.org")
"""What it asks besides the issuer: its registries, and schemas."""
INDEX = 5
ACTS = (
    ("suspend", "suspended: ", "suspension_status NO"),
    ("reinstate", "reinstated:", "suspension_status yes"),
    ("revoke", "revoked:   ", "revocation_status NO"),
)
"""What its issuer does to the badge, and what the service must say then."""
SECONDS = 120.0


@asynccontextmanager
async def world(authority: Authority) -> AsyncIterator[None]:
    """Those hosts, on loopback: an empty list of registries, and nothing else."""

    async def answer(request: web.Request) -> web.Response:
        known = request.path.endswith("known-did-registries.json")
        return web.json_response([] if known else None, status=200 if known else 404)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 443, ssl_context=authority.server_context()).start()
    try:
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def verifier_plus(checkout: Path, folder: Path, *authorities: Authority) -> AsyncIterator[int]:
    """The service in a mount namespace where those hosts are loopback; the port it listens on."""
    (port,) = free_ports(1)
    (folder / "hosts").write_text(f"127.0.0.1 localhost {' '.join(HOSTS)}\n")
    trusted = folder / "trusted.pem"
    trusted.write_bytes(b"".join(item.certificate.read_bytes() for item in authorities))
    script = (
        'mount --bind "$1" /etc/hosts && exec node node_modules/next/dist/bin/next dev --turbopack -p "$2"'
    )
    process = await asyncio.create_subprocess_exec(
        "unshare", "-m", "sh", "-c", script, "sh", str(folder / "hosts"), str(port),
        cwd=checkout, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, start_new_session=True,
        env={**os.environ, "NODE_EXTRA_CA_CERTS": str(trusted), "NEXT_TELEMETRY_DISABLED": "1"},
    )  # fmt: skip
    try:
        yield port
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # it starts processes of its own
        await process.wait()


async def judged(session: aiohttp.ClientSession, url: str, badge: dict[str, Any]) -> str:
    """Its checks in one line; waits until the service is there."""
    end = time.monotonic() + SECONDS
    while True:
        try:
            async with session.post(f"{url}/api/verify", json=badge) as answer:
                result = (await answer.json())["result"]
            break
        except (aiohttp.ClientError, ValueError):
            if time.monotonic() > end:
                raise
            await asyncio.sleep(0.5)
    steps = {step["id"]: step["valid"] for step in result["results"][0]["log"]}
    steps.pop("registered_issuer", None)
    return ", ".join(f"{name} {'yes' if valid else 'NO'}" for name, valid in steps.items())


async def judged_so(session: aiohttp.ClientSession, url: str, badge: dict[str, Any], sign: str) -> str:
    """Its checks once they say this: a change reaches the node of the list within a moment."""
    said = ""

    async def says_so() -> bool:
        nonlocal said
        said = await judged(session, url, badge)
        return sign in said

    await until_so(says_so, sign, SECONDS)
    return said


async def story(told: Told, session: aiohttp.ClientSession, url: str) -> None:
    """The badge as it is, altered, suspended, reinstated, revoked."""
    print("as issued: ", await judged(session, url, told.badge(INDEX)))
    print("altered:   ", await judged(session, url, put("Another", "name")(told.badge(INDEX))))
    for action, done, sign in ACTS:
        await told.change(INDEX, action)
        print(done, await judged_so(session, url, told.badge(INDEX), sign))


async def main(checkout: Path) -> None:
    """Everything up, asked, and taken down again."""
    folder = Path(tempfile.mkdtemp(prefix="verifier-plus-"))
    try:
        authority = Authority.create(folder / "https", *HOSTS)
        async with (
            demonstration(folder / "demo") as told,
            world(authority),
            verifier_plus(checkout, folder, authority, told.founded.authority) as behind,
        ):
            (port,) = free_ports(1)
            fronts = Fronts(authority, {port: behind})
            await fronts.start()
            connector = aiohttp.TCPConnector(ssl=authority.client_context())
            async with aiohttp.ClientSession(connector=connector) as session:
                await story(told, session, f"https://localhost:{port}")
            await fronts.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
