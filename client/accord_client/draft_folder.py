"""What folders that credentials are issued out of have in common: drafts, holder keys, a list of people, a plan.

    NNNN.accord.json        a draft bundle for each credential; gets its evidence when the ledger holds it
    NNNN.holder.json        seed of a holder key made here, for somebody without a wallet

The plan is written last, so a folder that has one has everything else. All files are private (mode 0600).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from accord_client.bundle import MAX_BUNDLE_BYTES, Bundle, draft_json, parse_bundle
from accord_client.draft_segments import holder_file
from accord_client.errors import RefusedError
from accord_client.held_folder import LOCK_FILE, held
from accord_client.issuing import PreparedBatch
from accord_client.plain import plain_file
from accord_client.private_files import write_private_together
from accord_client.sdk.client import AccordClient
from accord_genesis.keyfiles import read_private, replace_private, write_private
from accord_ledger import codec
from accord_ledger.credential import credential_leaf_hash, holder_commitment


@dataclass(frozen=True, slots=True)
class DraftFolder:
    """A folder of drafts; a class that derives from this says what else a folder of its kind holds."""

    path: Path

    PLAN_FILE: ClassVar[str]
    """What is asked of the ledger."""
    PEOPLE_FILE: ClassVar[str]
    """Which file is whose."""
    NUMBER: ClassVar[str]
    """What the number of a file is called in the list of people."""

    @property
    def prepared(self) -> bool:
        """Whether everything is on disk and can be submitted."""
        return (self.path / self.PLAN_FILE).exists()

    def held(self) -> AbstractContextManager[None]:
        """Keep other runs out of the folder; raises as :func:`accord_client.held_folder.held`."""
        return held(self.path, plan=self.PLAN_FILE, people=self.PEOPLE_FILE)

    def bundle_path(self, number: int) -> Path:
        """File of one credential."""
        return self.path / f"{number:04}.accord.json"

    def holder_path(self, number: int) -> Path:
        """File of the seed of a holder key made here."""
        return self.path / f"{number:04}.holder.json"

    def bundle(self, number: int) -> Bundle:
        """One bundle, with or without evidence."""
        return parse_bundle(read_private(self.bundle_path(number), limit=MAX_BUNDLE_BYTES))

    def replace(self, number: int, bundle: Bundle) -> None:
        """Write a bundle with its evidence, as a whole."""
        replace_private(self.bundle_path(number), bundle.to_json())

    def _begin(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(path.name != LOCK_FILE for path in self.path.iterdir()):
            raise RefusedError("ISSUE_FOLDER", "expected an empty folder", path=str(self.path))

    def _write_drafts(self, drafts: Iterable[tuple[PreparedBatch, int]]) -> None:
        """Drafts with the holder keys made for them, and the list of people.

        Args:
            drafts: each credential's batch and its index there, in the order of their numbers.
        """
        rows: list[tuple[int, str, str, str]] = []

        def files() -> Iterator[tuple[Path, bytes]]:
            for number, (batch, index) in enumerate(drafts):
                credential = batch.credentials[index]
                path = self.bundle_path(number)
                yield path, draft_json(batch, index)
                if credential.holder_seed is not None:
                    key = holder_file(credential.reference, credential.holder_seed.hex())
                    yield self.holder_path(number), key
                claims = credential.claims
                rows.append((number, claims.family_name, claims.given_name, path.name))

        write_private_together(self.path, files())
        self._write_people(rows)

    def _write_people(self, rows: Iterable[tuple[int, str, str, str]]) -> None:
        """Number, names and file of each."""
        write_private(self.path / self.PEOPLE_FILE, _csv(self.NUMBER, rows))

    def _write_plan(self, plan: codec.Wire) -> None:
        """As a whole: with a part of a plan a folder could neither be gone on with nor begun anew."""
        replace_private(self.path / self.PLAN_FILE, plain_file(plan))


def leaf_of(bundle: Bundle) -> bytes:
    """The leaf a bundle's documents and holder make in the tree of its batch."""
    holder = holder_commitment(bundle.holder.salt, bundle.holder.key)
    return credential_leaf_hash(bundle.batch_id, bundle.index, bundle.documents_root(), holder)


async def is_held(client: AccordClient, batch_id: bytes, merkle_root: bytes) -> bool:
    """Whether the ledger holds this batch already, proved.

    Raises:
        RefusedError: ``ISSUE_OTHER``: it holds another batch under this id.
    """
    found = (await client.batch(batch_id)).value
    if found is None:
        return False
    if found.merkle_root != merkle_root:
        raise RefusedError("ISSUE_OTHER", "the ledger holds another batch under this id")
    return True


def _csv(number: str, rows: Iterable[tuple[int, str, str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow((number, "family_name", "given_name", "file"))
    writer.writerows(rows)
    return text.getvalue().encode()
