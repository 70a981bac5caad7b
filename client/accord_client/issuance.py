"""Issuing a batch out of a folder, so that a crash anywhere loses nothing and doubles nothing.

    batch.json              what is asked of the ledger; written last, when everything else is on disk
    learners.csv            which file is whose; credentials are shuffled, so the number says nothing

and the drafts of :mod:`accord_client.draft_folder`. Running again continues: a batch the ledger already holds is
not submitted again, a bundle that has its evidence is left alone. The batch id is fixed in ``batch.json``, and
the ledger takes each id once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from accord_client.builders import Request
from accord_client.bundle import MAX_BUNDLE_BYTES, Bundle
from accord_client.documents.json_guard import load_object
from accord_client.documents.open_badge_facts import LearnerClaims
from accord_client.draft_folder import DraftFolder, is_held, leaf_of
from accord_client.errors import RefusedError
from accord_client.issuing import PreparedBatch
from accord_client.plain import from_plain
from accord_client.private_files import replace_private_together
from accord_client.sdk.client import AccordClient
from accord_genesis.keyfiles import read_private
from accord_ledger import codec
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.fields import Digest, Slug
from accord_ledger.merkle.tree import root

MAX_PLAN: Final = 64 * 1024

Watch = Callable[[Iterator[int]], Iterator[int]]
"""Passes indexes on as their credentials are worked on, for a progress bar."""

_NAME = re.compile(r"[0-9]{4,6}\.accord\.json", re.ASCII)


class Plan(codec.Wire):
    """What is asked of the ledger."""

    network: Digest
    author: Slug
    issuers: Annotated[tuple[Slug, ...], Meta(min_length=1, max_length=8)]
    """Everybody whose issuance key signs, the author first."""
    body: IssueBody
    learners: Digest | None = None
    """SHA-256 of the list of learners it was prepared from; None where nobody noted it."""

    def request(self) -> Request:
        """The request of T16."""
        signers = tuple((party, "issuance") for party in dict.fromkeys((self.author, *self.issuers)))
        return Request("credential_issue", self.author, self.body, signers)


@dataclass(frozen=True, slots=True)
class IssuanceFolder(DraftFolder):
    """A folder that a batch is issued out of."""

    PLAN_FILE: ClassVar[str] = "batch.json"
    PEOPLE_FILE: ClassVar[str] = "learners.csv"
    NUMBER: ClassVar[str] = "index"

    def write(self, batch: PreparedBatch, plan: Plan, *, watch: Watch = iter) -> None:
        """Put a prepared batch on disk, the plan last.

        Args:
            batch: what is issued.
            plan: what is asked of the ledger.
            watch: sees the index of each credential pass as it is written.

        Raises:
            RefusedError: ``ISSUE_FOLDER``: there is something in the folder already.
            KeyFileError: ``KEYFILE_IO``.
        """
        self._begin()
        self._write_drafts((batch, index) for index in watch(iter(range(batch.count))))
        self._write_plan(plan)

    def plan(self, *, watch: Watch = iter) -> Plan:
        """The plan, after every draft was found to be what it commits to.

        Args:
            watch: sees the index of each credential pass as its draft is read.

        Raises:
            DecodeError: ``JSON_*`` or ``PLAIN_VALUE``.
            KeyFileError: a file is missing or exposed.
            RefusedError: ``ISSUE_FOLDER``: the files do not make the batch of the plan.
        """
        data = read_private(self.path / self.PLAN_FILE, limit=MAX_PLAN)
        plan = from_plain(load_object(data, limit=MAX_PLAN), Plan)
        leaves = [leaf_of(bundle) for bundle in self.bundles(plan.body.count, watch=watch)]
        if root(leaves) != plan.body.merkle_root:
            raise RefusedError("ISSUE_FOLDER", "expected the documents of this batch", path=str(self.path))
        return plan

    def count(self) -> int:
        """How many bundles there are."""
        return sum(1 for path in self.path.iterdir() if _NAME.fullmatch(path.name))

    def bundles(self, count: int, *, watch: Watch = iter) -> Iterator[Bundle]:
        """All bundles in order."""
        if (present := self.count()) != count:
            raise RefusedError(
                "ISSUE_FOLDER", f"expected {count} bundles, got {present}", path=str(self.path)
            )
        return (self.bundle(index) for index in watch(iter(range(count))))

    def read(self, index: int) -> bytes:
        """The file of one bundle."""
        return read_private(self.bundle_path(index), limit=MAX_BUNDLE_BYTES)

    def put(self, files: Mapping[int, bytes]) -> None:
        """Replace the files of these bundles, each as a whole."""
        replace_private_together(
            self.path, ((self.bundle_path(index), data) for index, data in files.items())
        )


def learners_digest(claims: Sequence[LearnerClaims]) -> bytes:
    """SHA-256 of what a list of learners says, however its file is written."""
    rows = [
        [one.family_name, one.given_name, one.email, one.identifier, one.result, one.holder] for one in claims
    ]
    return sha256(codec.encode(rows)).digest()


async def is_issued(client: AccordClient, plan: Plan) -> bool:
    """Whether the ledger holds this batch already, proved.

    Raises:
        RefusedError: ``ISSUE_OTHER``: it holds another batch under this id.
    """
    return await is_held(client, plan.body.batch_id, plan.body.merkle_root)


async def next_status_position(client: AccordClient, party: str, status_list: str) -> int:
    """First position after all that are taken in a status list."""
    found = (await client.status_ranges(party, status_list)).value
    return found.taken[-1].end if found is not None and found.taken else 0
