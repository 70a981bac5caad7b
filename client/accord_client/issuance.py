"""Issuing a batch out of a folder, so that a crash anywhere loses nothing and doubles nothing.

    NNNN.drafts.jsonl       drafts (:mod:`accord_client.draft_segments`) until all bundles are finished
    learners.csv            which file is whose; credentials are shuffled, so the number says nothing
    batch.json              what is asked of the ledger; written last, when everything else is on disk
    NNNN.holder.json        seed of a holder key made here, for somebody without a wallet
    NNNN.accord.json        a bundle with its evidence, for each learner

Running again continues: a batch the ledger already holds is
not submitted again, a bundle that has its evidence is left alone. The batch id is fixed in ``batch.json``, and
the ledger takes each id once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from accord_client.builders import Request
from accord_client.bundle import MAX_BUNDLE_BYTES, Bundle, parse_bundle
from accord_client.documents.json_guard import load_object
from accord_client.documents.open_badge_facts import LearnerClaims
from accord_client.draft_folder import DraftFolder, is_held, leaf_of
from accord_client.draft_segments import SEGMENT, SEGMENT_NAME, Segment, segment_path
from accord_client.errors import RefusedError
from accord_client.evidence_text import is_complete
from accord_client.issuing import BatchTree
from accord_client.plain import from_plain
from accord_client.sdk.client import AccordClient
from accord_genesis.keyfiles import KeyFileError, read_private, replace_private
from accord_ledger import codec
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.fields import Digest, Slug

MAX_PLAN: Final = 64 * 1024

Watch = Callable[[Iterator[int]], Iterator[int]]
"""Passes indexes on as their credentials are worked on, for a progress bar."""

_NAME = re.compile(r"([0-9]{4,6})\.accord\.json", re.ASCII)


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

    def begin(self) -> None:
        """Make the folder; raises ``RefusedError`` ``ISSUE_FOLDER`` if there is something in it already."""
        self._begin()

    def write_plan(self, plan: Plan, claims: Iterable[LearnerClaims]) -> None:
        """Put list and plan on disk, when all segments of drafts are.

        Args:
            plan: what is asked of the ledger.
            claims: the learners by index.

        Raises:
            KeyFileError: ``KEYFILE_EXISTS`` or ``KEYFILE_IO``.
        """
        self._write_people(
            (index, one.family_name, one.given_name, self.bundle_path(index).name)
            for index, one in enumerate(claims)
        )
        self._write_plan(plan)

    def plan(self) -> Plan:
        """The plan; what stands beside it is judged by :meth:`tree`.

        Raises:
            DecodeError: ``JSON_*`` or ``PLAIN_VALUE``.
            KeyFileError: a file is missing or exposed.
        """
        data = read_private(self.path / self.PLAN_FILE, limit=MAX_PLAN)
        return from_plain(load_object(data, limit=MAX_PLAN), Plan)

    def tree(self, plan: Plan, *, watch: Watch = iter) -> BatchTree:
        """The tree of the batch, every draft and bundle found to be what the plan commits to.

        Args:
            plan: of this folder.
            watch: sees the index of each credential pass as it is read.

        Raises:
            DecodeError: a file is no bundle.
            KeyFileError: a file is missing or exposed.
            RefusedError: ``ISSUE_FOLDER``: the files do not make the batch of the plan.
        """
        body = plan.body
        leaves = [leaf_of(bundle) for bundle in self._credentials(body.count, watch)]
        tree = BatchTree.of(body.batch_id, leaves)
        if tree.root != body.merkle_root:
            raise RefusedError("ISSUE_FOLDER", "expected the documents of this batch", path=str(self.path))
        return tree

    def _credentials(self, count: int, watch: Watch) -> Iterator[Bundle]:
        """What there is of each credential: its bundle if it is finished, else its draft."""
        bundles, segments = self.bundles(), self.segments()
        segment: Segment | None = None
        for index in watch(iter(range(count))):
            start = index - index % SEGMENT
            if start in segments and (segment is None or segment.start != start):
                segment = Segment.read(self.path, start, count)
            drafted = segment if start in segments else None
            data = self.read(index) if index in bundles else b""
            if drafted is not None and not is_complete(data):
                data = drafted.draft(index, ())
            elif index not in bundles:
                path = str(self.bundle_path(index))
                raise RefusedError("ISSUE_FOLDER", "expected a bundle", path=path)
            yield parse_bundle(data)

    def bundles(self) -> set[int]:
        """Indexes of the bundles that are there."""
        return {int(found[1]) for path in self.path.iterdir() if (found := _NAME.fullmatch(path.name))}

    def segments(self) -> set[int]:
        """First indexes of the segments of drafts that are there."""
        names = (SEGMENT_NAME.fullmatch(path.name) for path in self.path.iterdir())
        return {int(found[1]) for found in names if found}

    def read(self, index: int) -> bytes:
        """The file of one bundle."""
        return read_private(self.bundle_path(index), limit=MAX_BUNDLE_BYTES)

    def finish_alone(self, index: int, bundle: Bundle, count: int) -> None:
        """Write one bundle with its evidence, and the holder key that goes with it.

        Args:
            index: of the credential.
            bundle: as a whole.
            count: of the batch.

        Raises:
            KeyFileError: ``KEYFILE_IO``.
        """
        start = index - index % SEGMENT
        if segment_path(self.path, start).exists():
            key = Segment.read(self.path, start, count).holder_file(bundle.reference)
            if key is not None:
                replace_private(self.holder_path(index), key)
        self.replace(index, bundle)

    def drop_drafts(self) -> None:
        """Take the segments away, when every bundle is on disk.

        Raises:
            KeyFileError: ``KEYFILE_IO``.
        """
        try:
            for start in self.segments():
                segment_path(self.path, start).unlink()
        except OSError as error:
            raise KeyFileError("KEYFILE_IO", str(error.strerror), path=str(self.path)) from error


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
