"""Issuing a batch out of a folder, so that a crash anywhere loses nothing and doubles nothing.

    batch.json              what is asked of the ledger; written last, when everything else is on disk
    NNNN.accord.json        a draft bundle for each credential; gets its evidence when the batch is final
    NNNN.holder.json        seed of a holder key made here, for a learner without a wallet
    learners.csv            which file is whose; credentials are shuffled, so the number says nothing

All files are private (mode 0600). Running again continues: a batch the ledger already holds is not
submitted again, a bundle that has its evidence is left alone. The batch id is fixed in ``batch.json``, and
the ledger takes each id once.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from accord_client.api import InclusionProof, StateProof
from accord_client.builders import Request
from accord_client.bundle import MAX_BUNDLE_BYTES, Bundle, draft_json, parse_bundle
from accord_client.documents.json_guard import load_object
from accord_client.errors import RefusedError
from accord_client.issuing import PreparedBatch
from accord_client.plain import from_plain, to_plain
from accord_client.sdk.client import AccordClient
from accord_genesis.keyfiles import read_private, replace_private, write_private
from accord_ledger import codec
from accord_ledger.credential import credential_leaf_hash, holder_commitment
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.fields import Digest, Slug
from accord_ledger.merkle.tree import root

PLAN_FILE: Final = "batch.json"
LEARNERS_FILE: Final = "learners.csv"
MAX_PLAN: Final = 64 * 1024

_NAME = re.compile(r"[0-9]{4,6}\.accord\.json", re.ASCII)


class Plan(codec.Wire):
    """What is asked of the ledger."""

    network: Digest
    author: Slug
    issuers: Annotated[tuple[Slug, ...], Meta(min_length=1, max_length=8)]
    """Everybody whose issuance key signs, the author first."""
    body: IssueBody

    def request(self) -> Request:
        """The request of T16."""
        signers = tuple((party, "issuance") for party in dict.fromkeys((self.author, *self.issuers)))
        return Request("credential_issue", self.author, self.body, signers)


@dataclass(frozen=True, slots=True)
class IssuanceFolder:
    """A folder that a batch is issued out of."""

    path: Path

    @property
    def prepared(self) -> bool:
        """Whether everything is on disk and can be submitted."""
        return (self.path / PLAN_FILE).exists()

    def bundle_path(self, index: int) -> Path:
        """File of one credential."""
        return self.path / f"{index:04}.accord.json"

    def write(self, batch: PreparedBatch, plan: Plan) -> None:
        """Put a prepared batch on disk, the plan last.

        Raises:
            RefusedError: ``ISSUE_FOLDER``: there is something in the folder already.
            KeyFileError: ``KEYFILE_IO``.
        """
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(self.path.iterdir()):
            raise RefusedError("ISSUE_FOLDER", "expected an empty folder", path=str(self.path))
        rows = []
        for index, credential in enumerate(batch.credentials):
            write_private(self.bundle_path(index), draft_json(batch, index))
            if credential.holder_seed is not None:
                key = {"credential": credential.reference.urn, "seed": credential.holder_seed.hex()}
                write_private(self.path / f"{index:04}.holder.json", msgspec.json.encode(key))
            claims = credential.claims
            rows.append((index, claims.family_name, claims.given_name, self.bundle_path(index).name))
        write_private(self.path / LEARNERS_FILE, _csv(rows))
        write_private(
            self.path / PLAN_FILE, msgspec.json.format(msgspec.json.encode(to_plain(plan)), indent=2)
        )

    def plan(self) -> Plan:
        """The plan, after every draft was found to be what it commits to.

        Raises:
            DecodeError: ``JSON_*`` or ``PLAIN_VALUE``.
            KeyFileError: a file is missing or exposed.
            RefusedError: ``ISSUE_FOLDER``: the files do not make the batch of the plan.
        """
        data = read_private(self.path / PLAN_FILE, limit=MAX_PLAN)
        plan = from_plain(load_object(data, limit=MAX_PLAN), Plan)
        leaves = [_leaf(bundle) for bundle in self.bundles(plan.body.count)]
        if root(leaves) != plan.body.merkle_root:
            raise RefusedError("ISSUE_FOLDER", "expected the documents of this batch", path=str(self.path))
        return plan

    def bundle(self, index: int) -> Bundle:
        """One bundle, with or without evidence."""
        return parse_bundle(read_private(self.bundle_path(index), limit=MAX_BUNDLE_BYTES))

    def bundles(self, count: int) -> Iterator[Bundle]:
        """All bundles in order."""
        present = sum(1 for path in self.path.iterdir() if _NAME.fullmatch(path.name))
        if present != count:
            raise RefusedError(
                "ISSUE_FOLDER", f"expected {count} bundles, got {present}", path=str(self.path)
            )
        return (self.bundle(index) for index in range(count))

    def replace(self, index: int, bundle: Bundle) -> None:
        """Write a bundle with its evidence, as a whole."""
        replace_private(self.bundle_path(index), bundle.to_json())


async def is_issued(client: AccordClient, plan: Plan) -> bool:
    """Whether the ledger holds this batch already, proved.

    Raises:
        RefusedError: ``ISSUE_OTHER``: it holds another batch under this id.
    """
    found = (await client.batch(plan.body.batch_id)).value
    if found is None:
        return False
    if found.merkle_root != plan.body.merkle_root:
        raise RefusedError("ISSUE_OTHER", "the ledger holds another batch under this id")
    return True


async def next_status_position(client: AccordClient, party: str, status_list: str) -> int:
    """First position after all that are taken in a status list."""
    found = (await client.status_ranges(party, status_list)).value
    return found.taken[-1].end if found is not None and found.taken else 0


class Evidencer:
    """Puts evidence into the bundles of one batch; what they share is fetched once."""

    def __init__(self, client: AccordClient, folder: IssuanceFolder) -> None:
        self._client = client
        self._folder = folder
        self._shared: dict[bytes, StateProof] = {}
        self._record: InclusionProof | None = None

    async def complete(self, index: int) -> bool:
        """Give one bundle its evidence; False if it has it."""
        bundle = self._folder.bundle(index)
        if bundle.record is not None:
            return False
        made = await self._client.with_evidence(bundle, record=self._record, proofs=self._shared)
        self._record = made.record.proof() if made.record is not None else None
        self._folder.replace(index, made)
        return True


def _leaf(bundle: Bundle) -> bytes:
    holder = holder_commitment(bundle.holder.salt, bundle.holder.key)
    return credential_leaf_hash(bundle.batch_id, bundle.index, bundle.documents_root(), holder)


def _csv(rows: list[tuple[int, str, str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("index", "family_name", "given_name", "file"))
    writer.writerows(rows)
    return text.getvalue().encode()
