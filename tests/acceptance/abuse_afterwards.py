"""DOMAIN.md 4, abuse: what was found out, or given notice of, after credit was given."""

from __future__ import annotations

from typing import Any

from acceptance.abuse_of_credit import Market
from acceptance.rows import Row, Verdict, row
from accord_ledger.domain.kinds.agreement import TerminateBody
from accord_ledger.domain.kinds.erasure import ErasureBody
from accord_ledger.domain.kinds.reverse import ReverseBody
from accord_ledger.domain.kinds.stack import StackBody
from accord_ledger.domain.model.programme import ProgrammeTerms
from award_world import award_batch
from domain_alliance import uid
from exchange_world import IssuedBatch, holder_key
from scenario.programmes import launch, terms, utrecht


class Fraud(Market):
    """N1 of L1 is full at 38 of 76: 2 + 35 + 1, as in steps 7 and 13 of the reference scenario."""

    def __init__(self) -> None:
        super().__init__(sizes=(3, 30, 20, 2))
        for name, sizes, claimed in (("r7", (3,), "2/1"), ("r13a", (30, 20), "35/1"), ("r13c", (2,), "1/1")):
            got = self.asks(name, "n1", "a1", [self.batches[size][0] for size in sizes], claimed)
            assert got.code == "accepted", got

    def revokes(self, *signers: str, place: int = 0) -> Verdict:
        """T17 of the credential of step 7, or another."""
        body = self.status(self.batches[3], "revoke", (place, place + 1), effect="reverse")
        return self.tell("credential_status", body, *signers)

    def confers(self) -> str:
        """T30 of a certificate of 3 EC on credential 5; what anybody is told of the certificate."""
        award = terms("uu-cert", "uu", "Certificate", "3/1", "84/1", form="award", level=6)
        self.has(*launch(award))
        self.enrol("u1", "uu", award)
        made, item = award_batch("cert"), self.batches[3][5]
        body = StackBody(
            enrolment=uid("u1"), components=(item,), batch_id=made.batch_id, merkle_root=made.root,
            status_list="awards", status_start=0,
        )  # fmt: skip
        got = self.tell(
            "stack_award", body, "uu registrar", "uu academic_committee", holder_key(item.batch_id, 5)
        )
        assert got.code == "accepted", got
        return self.certificate()

    def certificate(self) -> str:
        """Status of the certificate."""
        return str(self.answers("credential", batch=award_batch("cert").batch_id.hex(), index=0).status)

    def erases(self) -> Verdict:
        """T19 by registrar and holder."""
        item = self.batches[3][0]
        body = ErasureBody(batch_id=item.batch_id, index=0, basis="holder_request", item=item)
        return self.tell("erasure_notice", body, "uu registrar", holder_key(item.batch_id, 0))

    def stands(self) -> tuple[str, str]:
        """The recognition of step 7, and what the account holds."""
        return self.recognition("r7").status, self.account("n1").recognised

    def leaves(self, *signers: Any, author: str = "bcb") -> Verdict:
        """T28: the holder leaves, having been given the degree on paper."""
        kept = self.batches[3]
        body = ReverseBody(
            recognition=uid("r7"), reason="holder_left", holders=(holder_key(kept.batch_id, 0).public,)
        )
        return self.tell("recognise_reverse", body, *signers, holder_key(kept.batch_id, 0), author=author)


class Rush(Market):
    """uu gave notice on 2026-07-01, effective 2026-12-28, and issued on 2026-09-01."""

    def __init__(self) -> None:
        super().__init__(notice_days=180, run_off_days=365)
        one: ProgrammeTerms = utrecht("uu-ds3", 3)
        self.on("2026-07-01")
        notice = TerminateBody(agreement_id="a1", effective_date="2026-12-28")
        self.do("agreement_terminate", notice, "uu agreements")
        self.on("2026-08-03").intake(one, "2026-08-31").on("2026-08-31")
        self.late: IssuedBatch = self.issues(one, "2026-08-31")
        self.on("2027-02-01")


ROWS: tuple[Row[Any], ...] = (
    row("X14", "Fraud found after redemption", Fraud,
        ("before", lambda at: at.stands(), ("live", "38/1")),
        ("revoke with reverse", lambda at: at.revokes("uu registrar", "uu quality"), "accepted"),
        ("the recognition is reversed in the same transaction", lambda at: at.stands(), ("reversed", "36/1")),
        ("redeem it again", lambda at: at.tell(*at.at_bcb("r17", 0)), "E_REVOKED"),
        ("a certificate stacked on another credential", lambda at: at.confers(), "valid"),
        ("that credential revoked with reverse", lambda at: at.revokes("uu registrar", "uu quality", place=5), "accepted"),
        ("the certificate", lambda at: at.certificate(), "suspended"),
    ),
    row("X15", "Erasure to escape a reversal", Fraud,
        ("erase", lambda at: at.erases(), "accepted"),
        ("redeem it again", lambda at: at.tell(*at.at_bcb("r17", 0)), "E_ERASED"),
        ("then revoke with reverse", lambda at: at.revokes("uu registrar", "uu quality"), "accepted"),
        ("the recognition", lambda at: at.stands(), ("reversed", "36/1")),
    ),
    row("X17", "Degree conferred off ledger, then reversed and redeemed elsewhere", Fraud,
        ("the holder alone", lambda at: at.leaves(), "E_SIG_MISSING(bcb registrar)"),
        ("the holder and another school's registrar", lambda at: at.leaves("hnrail registrar"), "E_SIG_MISSING(bcb registrar)"),
        ("the holder and the receiver's registrar", lambda at: at.leaves("bcb registrar"), "accepted"),
    ),
    row("X18", "Issue-during-notice rush", Rush,
        ("issued before the notice, redeemed in the run-off", lambda at: at.tell(*at.at_bcb("r1", 2)), "accepted"),
        ("issued after the notice", lambda at: at.asks("r2", "n1", "a1", [at.late[0]], "2/1"), "E_AGREEMENT_ENDED"),
    ),
)  # fmt: skip
