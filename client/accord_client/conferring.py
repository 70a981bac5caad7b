"""Conferring awards out of a folder: documents first, then signatures of holders, then the ledger (T30).

    awards.json             what is asked of the ledger, award by award; written last, when everything else is there
    NNNN.accord.json        a draft bundle of each award; gets its evidence when the award is conferred
    NNNN.body.json          the body that holders of components sign (``accord sign-body stack_award``)
    NNNN.*.signature.json   what they sent back
    NNNN.holder.json        seed of a holder key made here, for a graduate without a wallet
    graduates.csv           which file is whose

An award is a batch of one credential on an account of its own. Running again continues: an award that the ledger
holds is not submitted again, one whose holders have not all signed waits. Files with names or keys are private.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from accord_client.body_signature import MAX_SIGNATURE_FILE, BodySignature
from accord_client.builders import Request, stack_award
from accord_client.bundle import MAX_BUNDLE_BYTES, Bundle, draft_bundle, parse_bundle
from accord_client.documents.json_guard import load_object
from accord_client.errors import RefusedError
from accord_client.issuing import PreparedBatch
from accord_client.plain import from_plain, to_plain
from accord_client.sdk.client import AccordClient
from accord_genesis.files import read_public
from accord_genesis.keyfiles import read_private, replace_private, write_private
from accord_ledger import codec
from accord_ledger.credential import credential_leaf_hash, holder_commitment
from accord_ledger.domain.items import Item
from accord_ledger.domain.kinds.stack import StackBody
from accord_ledger.fields import Digest, Purpose, Slug

PLAN_FILE: Final = "awards.json"
GRADUATES_FILE: Final = "graduates.csv"
MAX_AWARDS: Final = 1000
"""Most awards in one folder."""
MAX_PLAN: Final = 64 * 1024 * 1024
MAX_SIGNATURES: Final = 64
"""Most signature files read for one award."""


class AwardPlan(codec.Wire):
    """What is asked of the ledger for one award."""

    body: StackBody
    committees: Annotated[tuple[Purpose, ...], Meta(max_length=2)]
    """Those of the award's approval policy that sign, with keys of the author."""


class ConferringPlan(codec.Wire):
    """Everything a folder asks for."""

    network: Digest
    author: Slug
    awards: Annotated[tuple[AwardPlan, ...], Meta(min_length=1, max_length=MAX_AWARDS)]

    def request(self, place: int) -> Request:
        """The request of T30."""
        found = self.awards[place]
        signers = ((self.author, "registrar"), *((self.author, name) for name in found.committees))
        return Request("stack_award", self.author, found.body, signers)


@dataclass(frozen=True, slots=True)
class PreparedAward:
    """An award with its documents, before anything is on disk."""

    batch: PreparedBatch
    """Of one credential."""
    enrolment: bytes
    components: tuple[Item, ...]
    committees: tuple[Purpose, ...]

    def plan(self, author: str, status: tuple[str, int], sign_by: int) -> AwardPlan:
        """What is asked; ``sign_by`` counts only where holders sign."""
        request = stack_award(
            author, self.enrolment, self.batch, self.components, status_list=status[0], status_start=status[1],
            committees=self.committees, sign_by=sign_by if self.components else 0,
        )  # fmt: skip
        body = request.body
        if not isinstance(body, StackBody):
            raise RefusedError("ISSUE_OPTION", "expected the body of an award")
        return AwardPlan(body=body, committees=self.committees)


@dataclass(frozen=True, slots=True)
class AwardFolder:
    """A folder that awards are conferred out of."""

    path: Path

    @property
    def prepared(self) -> bool:
        """Whether everything is on disk."""
        return (self.path / PLAN_FILE).exists()

    def bundle_path(self, place: int) -> Path:
        """File of one award."""
        return self.path / f"{place:04}.accord.json"

    def body_path(self, place: int) -> Path:
        """What its components' holders sign."""
        return self.path / f"{place:04}.body.json"

    def write(self, awards: Sequence[PreparedAward], plan: ConferringPlan) -> None:
        """Put prepared awards on disk, the plan last.

        Raises:
            RefusedError: ``ISSUE_FOLDER``: there is something in the folder already.
            KeyFileError: ``KEYFILE_IO``.
        """
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(self.path.iterdir()):
            raise RefusedError("ISSUE_FOLDER", "expected an empty folder", path=str(self.path))
        rows = []
        for place, (award, planned) in enumerate(zip(awards, plan.awards, strict=True)):
            credential = award.batch.credentials[0]
            write_private(self.bundle_path(place), draft_bundle(award.batch, 0).to_json())
            write_private(self.body_path(place), _json(planned.body))
            if credential.holder_seed is not None:
                key = {"credential": credential.reference.urn, "seed": credential.holder_seed.hex()}
                write_private(self.path / f"{place:04}.holder.json", msgspec.json.encode(key))
            claims = credential.claims
            rows.append((place, claims.family_name, claims.given_name, self.bundle_path(place).name))
        write_private(self.path / GRADUATES_FILE, _csv(rows))
        write_private(self.path / PLAN_FILE, _json(plan))

    def plan(self) -> ConferringPlan:
        """The plan, after every draft was found to be what it commits to.

        Raises:
            DecodeError: ``JSON_*`` or ``PLAIN_VALUE``.
            KeyFileError: a file is missing or exposed.
            RefusedError: ``ISSUE_FOLDER``: the files do not make the awards of the plan.
        """
        data = read_private(self.path / PLAN_FILE, limit=MAX_PLAN)
        plan = from_plain(load_object(data, limit=MAX_PLAN), ConferringPlan)
        for place, award in enumerate(plan.awards):
            bundle = self.bundle(place)
            if (bundle.batch_id, _leaf(bundle)) != (award.body.batch_id, award.body.merkle_root):
                path = str(self.bundle_path(place))
                raise RefusedError("ISSUE_FOLDER", "expected the documents of this award", path=path)
        return plan

    def bundle(self, place: int) -> Bundle:
        """One bundle, with or without evidence."""
        return parse_bundle(read_private(self.bundle_path(place), limit=MAX_BUNDLE_BYTES))

    def replace(self, place: int, bundle: Bundle) -> None:
        """Write a bundle with its evidence, as a whole."""
        replace_private(self.bundle_path(place), bundle.to_json())

    def signatures(self, place: int) -> list[BodySignature]:
        """What holders sent for one award, each checked.

        Raises:
            RefusedError: ``ISSUE_FOLDER``: more files than an award has components.
            DecodeError, ProofError: a file that is no signature.
        """
        paths = sorted(self.path.glob(f"{place:04}.*.signature.json"))
        if len(paths) > MAX_SIGNATURES:
            detail = f"expected at most {MAX_SIGNATURES} signatures, got {len(paths)}"
            raise RefusedError("ISSUE_FOLDER", detail, path=f"{place:04}")
        return [BodySignature.from_json(read_public(path, limit=MAX_SIGNATURE_FILE)) for path in paths]


def unsigned(plan: AwardPlan, publics: Iterable[bytes]) -> list[Item]:
    """Components whose holders have not signed yet.

    Args:
        plan: what they sign.
        publics: keys that did, or will.
    """
    signed = set(publics)
    return [item for item in plan.body.components if item.holder_key not in signed]


async def is_conferred(client: AccordClient, plan: AwardPlan) -> bool:
    """Whether the ledger holds this award already, proved.

    Raises:
        RefusedError: ``ISSUE_OTHER``: it holds another batch under this id.
    """
    found = (await client.batch(plan.body.batch_id)).value
    if found is None:
        return False
    if found.merkle_root != plan.body.merkle_root:
        raise RefusedError("ISSUE_OTHER", "the ledger holds another batch under this id")
    return True


def _leaf(bundle: Bundle) -> bytes:
    holder = holder_commitment(bundle.holder.salt, bundle.holder.key)
    return credential_leaf_hash(bundle.batch_id, bundle.index, bundle.documents_root(), holder)


def _json(value: codec.Wire) -> bytes:
    return msgspec.json.format(msgspec.json.encode(to_plain(value)), indent=2) + b"\n"


def _csv(rows: list[tuple[int, str, str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("number", "family_name", "given_name", "file"))
    writer.writerows(rows)
    return text.getvalue().encode()
