"""The real demonstration, told to nobody, up to its first batch: what strangers are given in ``tests/interop``.

async with demonstration(folder) as story:
    badge = story.badge(5)
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from accord_client import builders as do
from accord_client.bundle import draft_bundle
from accord_client.documents.json_guard import load_object
from accord_client.issuing import PreparedBatch
from accord_client.keyring import Keyring
from accord_client.sdk import AccordClient
from accord_client.trust import Trust
from accord_node.demo.acts import Institutions
from accord_node.demo.founding import FOUNDERS
from accord_node.demo.story import Demonstration
from accord_node.demo.telling import Teller


class Told(Demonstration):
    """The demonstration after its fourth chapter, at our disposal."""

    @property
    def batch(self) -> PreparedBatch:
        """250 credentials of uu."""
        return next(iter(self.issued.values()))

    def badge(self, index: int) -> dict[str, Any]:
        return load_object(self.batch.credentials[index].documents[0].content)

    def token(self, index: int) -> str:
        return self.batch.credentials[index].documents[1].content.decode()

    async def bundle(self, index: int) -> bytes:
        return (await self.who.client.with_evidence(draft_bundle(self.batch, index))).to_json()

    async def change(self, index: int, action: str) -> None:
        """T17 on one credential of the batch."""
        effect = ("review",) if action == "revoke" else ()
        await self.who.submit(
            do.change_status("uu", self.batch.batch_id, [(index, index + 1)], action, *effect)  # type: ignore[arg-type]
        )


@asynccontextmanager
async def demonstration(folder: Path) -> AsyncIterator[Told]:
    """Founded, started, with programmes and one batch."""
    story = Told(folder, Teller(Console(file=io.StringIO())), batches=1)
    try:
        story.found()
        await story.start()
        trust = Trust.from_genesis(story.founded.genesis_file.read_bytes())
        async with AccordClient([story.founded.url(party) for party in FOUNDERS], trust) as client:
            story.who = Institutions(story.founded, client, Keyring(folder / "institutions"))
            await story.register()
            await story.issue()
            yield story
    finally:
        await story.stop()
