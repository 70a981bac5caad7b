"""Evidence that members contradicted themselves: kept over restarts, served, and put on the ledger as T45.

What this node saw is written to ``<data>/evidence`` at once. The node itself signs T45, with its log key,
and tries again, ever more slowly, until the ledger holds a record of that member, epoch and view, whoever
submitted it. Evidence decides nothing by itself (DESIGN.md section 4, rule 8).
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

import structlog

from accord_client.api import SubmitResult
from accord_ledger import codec
from accord_ledger.consensus.evidence import Evidence
from accord_ledger.domain.kinds.accusation import EvidenceSubmit
from accord_ledger.domain.model.epoch import EVIDENCE
from accord_ledger.errors import DecodeError
from accord_ledger.keys import SigningKey
from accord_ledger.state import View
from accord_ledger.transaction import Draft
from accord_node.chain import Chain
from accord_node.seams import Clock
from accord_node.storage.durable import replace_file
from accord_node.workers import Executor

log = structlog.get_logger("evidence")

Submit = Callable[[list[bytes]], Awaitable[Sequence[SubmitResult]]]
Place = tuple[int, str, int]
"""Epoch, member and view: of each, one piece of evidence says it all."""

MAX_KEPT: Final = 1000
"""Pieces of evidence kept here; a member with a stolen key could give them without end."""
MAX_OF_ONE: Final = 100
"""Of one member: what it gives without end must not keep out what others do."""
MAX_FILE_BYTES: Final = 4096
LIFETIME_SECONDS: Final = 600
RETRY_SECONDS: Final = 15.0
MAX_RETRY_SECONDS: Final = 3600.0
SETTLED: Final = frozenset({"E_DUPLICATE", "E_EVIDENCE"})
"""Refusals after which there is no use in trying again."""


class Accusations:
    """What this node can prove against members.

    Attributes:
        items: every piece of evidence seen, oldest first.
    """

    def __init__(
        self,
        folder: Path,
        *,
        party: str,
        log_key: SigningKey,
        chain: Chain,
        clock: Clock,
        disk: Executor,
        submit: Submit,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        chance: random.Random,
    ) -> None:
        """Wire it; :meth:`open` reads what earlier runs kept.

        Args:
            folder: where evidence is kept, one file each.
            party: ours, the author of T45.
            log_key: signs T45.
            chain: the ledger that may hold it already.
            clock: time.
            disk: runs what writes files.
            submit: hands records to this node as a client would.
            spawn: runs a task; its failure stops the node.
            chance: gives the nonce of T45.
        """
        self._folder = folder
        self._party = party
        self._key = log_key
        self._chain = chain
        self._clock = clock
        self._disk = disk
        self._submit = submit
        self._spawn = spawn
        self._chance = chance
        self.items: list[Evidence] = []
        self._open: dict[Place, tuple[Evidence, float, float]] = {}
        """Not known to be on the ledger: with the next try (monotonic seconds) and the pause after it."""

    def open(self) -> None:
        """Read the folder; a file that is no evidence is left alone and said so."""
        paths = sorted(self._folder.iterdir())[:MAX_KEPT] if self._folder.is_dir() else []
        for path in paths:
            try:
                self._add(codec.decode(path.read_bytes(), Evidence, limit=MAX_FILE_BYTES))
            except DecodeError as error:
                log.warning("not a piece of evidence", file=path.name, error=str(error))

    def accuse(self, evidence: Evidence) -> None:
        """Keep what consensus found, and submit it with the next :meth:`tick`."""
        place = _place(evidence)
        if len(self.items) >= MAX_KEPT or any(_place(item) == place for item in self.items):
            return
        if sum(item.member == evidence.member for item in self.items) >= MAX_OF_ONE:
            return
        log.warning(
            "a member contradicted itself", member=evidence.member, epoch=place[0], view=place[2],
            kinds=(evidence.first.kind, evidence.second.kind),
        )  # fmt: skip
        self._add(evidence)
        path = self._folder / f"{place[0]}-{place[2]}-{place[1]}"
        self._spawn(self._disk.run(lambda: replace_file(path, codec.encode(evidence))))

    def _add(self, evidence: Evidence) -> None:
        self.items.append(evidence)
        self._open[_place(evidence)] = (evidence, self._clock.monotonic(), RETRY_SECONDS)

    def tick(self) -> None:
        """Submit what is due and not on the ledger."""
        state = View(self._chain.base.state)
        for place, (evidence, due, pause) in list(self._open.items()):
            if state.get(EVIDENCE, place[0], place[1], place[2]) is not None:
                del self._open[place]
            elif due <= self._clock.monotonic():
                again = min(2 * pause, MAX_RETRY_SECONDS)
                self._open[place] = (evidence, self._clock.monotonic() + pause, again)
                self._spawn(self._try(place, evidence))

    async def _try(self, place: Place, evidence: Evidence) -> None:
        draft = Draft(
            network=self._chain.network,
            kind="evidence_submit",
            author=self._party,
            body=EvidenceSubmit(first=evidence.first, second=evidence.second),
            expires=self._clock.now() + LIFETIME_SECONDS,
            nonce=self._chance.randbytes(16),
        )
        (result,) = await self._submit([draft.sign(self._key).entry()])
        log.info("evidence submitted", member=place[1], view=place[2], status=result.status, code=result.code)
        if result.code in SETTLED:
            self._open.pop(place, None)


def _place(evidence: Evidence) -> Place:
    return evidence.first.epoch, evidence.member, evidence.first.view
