"""Conferring awards out of a folder: documents first, then signatures of holders, then the ledger (T30).

    awards.json             what is asked of the ledger, award by award; written last, when everything else is there
    NNNN.body.json          the body that holders of components sign (``accord sign-body stack_award``)
    NNNN.*.signature.json   what they sent back
    graduates.csv           which file is whose

and the drafts of :mod:`accord_client.draft_folder`. An award is a batch of one credential on an account of its own.
Running again continues: an award that the ledger holds is not submitted again, one whose holders have not all
signed waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from accord_client.body_signature import MAX_SIGNATURE_FILE, BodySignature
from accord_client.builders import Request, stack_award
from accord_client.documents.json_guard import load_object
from accord_client.draft_folder import DraftFolder, is_held, leaf_of
from accord_client.errors import RefusedError
from accord_client.issuing import PreparedBatch
from accord_client.plain import from_plain, plain_file
from accord_client.sdk.client import AccordClient
from accord_genesis.files import read_public
from accord_genesis.keyfiles import read_private, write_private
from accord_ledger import codec
from accord_ledger.domain.items import Item
from accord_ledger.domain.kinds.stack import StackBody
from accord_ledger.fields import Digest, Purpose, Slug

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
class AwardFolder(DraftFolder):
    """A folder that awards are conferred out of."""

    PLAN_FILE: ClassVar[str] = "awards.json"
    PEOPLE_FILE: ClassVar[str] = "graduates.csv"
    NUMBER: ClassVar[str] = "number"

    def body_path(self, place: int) -> Path:
        """What its components' holders sign."""
        return self.path / f"{place:04}.body.json"

    def write(self, awards: Sequence[PreparedAward], plan: ConferringPlan) -> None:
        """Put prepared awards on disk, the plan last.

        Raises:
            RefusedError: ``ISSUE_FOLDER``: there is something in the folder already.
            KeyFileError: ``KEYFILE_IO``.
        """
        self._begin()
        self._write_drafts((award.batch, 0) for award in awards)
        for place, planned in enumerate(plan.awards):
            write_private(self.body_path(place), plain_file(planned.body))
        self._write_plan(plan)

    def plan(self) -> ConferringPlan:
        """The plan, after every draft was found to be what it commits to.

        Raises:
            DecodeError: ``JSON_*`` or ``PLAIN_VALUE``.
            KeyFileError: a file is missing or exposed.
            RefusedError: ``ISSUE_FOLDER``: the files do not make the awards of the plan.
        """
        data = read_private(self.path / self.PLAN_FILE, limit=MAX_PLAN)
        plan = from_plain(load_object(data, limit=MAX_PLAN), ConferringPlan)
        for place, award in enumerate(plan.awards):
            bundle = self.bundle(place)
            if (bundle.batch_id, leaf_of(bundle)) != (award.body.batch_id, award.body.merkle_root):
                path = str(self.bundle_path(place))
                raise RefusedError("ISSUE_FOLDER", "expected the documents of this award", path=path)
        return plan

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
    return await is_held(client, plan.body.batch_id, plan.body.merkle_root)
