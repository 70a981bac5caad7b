"""I1 to I14 of DOMAIN.md 2.11 over random histories of valid and invalid records (stateful_world).

After every block the audit's invariants look at the rows it wrote (I1 to I9, I12, and what awards, reviews,
hours and years must be); at the end of a history a fresh watch looks at everything. Beside them:

I10   splitting a recognition never yields more than joining it
I11   a block executed again from its bytes gives the same root
I13   reverse, then the same recognition again: the same state but for history
I14   the same block over maps in another order gives the same bytes (test_invariants_order: in other processes)

``ACCORD_HISTORIES`` says how many histories are tried (40 by default), each of up to 50 acts.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from accord_ledger import calendar
from accord_ledger.domain.kinds.agreement import TerminateBody
from accord_ledger.domain.kinds.erasure import ErasureBody
from accord_ledger.domain.kinds.feedback import EmployerFeedback
from accord_ledger.domain.kinds.hours import HoursCheckpointBody, HoursCompleteBody, HoursOpenBody
from accord_ledger.domain.kinds.party_status import PartyStatusBody
from accord_ledger.domain.kinds.policy import PolicySet
from accord_ledger.domain.kinds.programme_status import ProgrammeStatusBody
from accord_ledger.domain.kinds.quality_report import QualityReportBody
from accord_ledger.domain.kinds.reverse import ReverseBody
from accord_ledger.domain.kinds.review import ReviewBody
from accord_ledger.domain.kinds.stack import StackBody
from accord_ledger.domain.kinds.year_close import QualityYearClose
from accord_ledger.domain.model.agreement import AGREEMENTS
from accord_ledger.domain.model.credential import Interval
from accord_ledger.domain.model.parameters import PARAMETERS
from accord_ledger.domain.replacement import Replacement
from accord_ledger.domain.terms import signers_of
from agreement_world import amendment, define, join, leave, signature
from award_world import CONFERRING, award_batch
from domain_alliance import TWO_THIRDS, uid
from exchange_world import agreement, fixed
from quality_world import metrics
from stateful_checks import changed, check_order, check_restored, check_splitting
from stateful_world import ACCOUNTS, UNITS, Play, holders

STEPS = 50
HISTORIES = int(os.environ.get("ACCORD_HISTORIES", "40"))

ACCOUNT = st.sampled_from(sorted(ACCOUNTS))
AT_UU = st.sampled_from(["e1", "e2"])
NUMBER = st.integers(0, 11)
FEW = st.integers(0, 3)
PICKS = st.lists(st.tuples(FEW, FEW), min_size=1, max_size=3, unique=True)
"""(batch among those that are there, index)."""
RATIO = st.sampled_from(["1/1", "7/10", "10/7", "3/2", "2/3", "25/8", "8/25"])
PARTY = st.sampled_from(sorted(UNITS))


class Histories(RuleBasedStateMachine):
    """Acts that may or may not be allowed, and blocks in between."""

    def __init__(self) -> None:
        super().__init__()
        self.play = Play()
        self.entries: list[bytes] = []

    def attempt(self, kind: str, body: Any, *signers: Any, **envelope: Any) -> bool:
        """Try an act; keep its bytes, to try them again."""
        entry = self.play.entry(kind, body, *signers, **envelope)
        self.entries = [*self.entries[-20:], entry]
        return self.play.try_entry(entry) is not None

    def picked(self, picks: list[tuple[int, int]]) -> list[tuple[str, int]]:
        """Credentials of the newest batches and the first."""
        names = ["uu", "um", *list(self.play.batches)[2:][::-1]]
        chosen = [(names[batch % len(names)], index) for batch, index in picks]
        there = [(name, index % len(self.play.batches[name].leaves)) for name, index in chosen]
        return list(dict.fromkeys(there))

    # -- credit --------------------------------------------------------------------------------------------

    @rule(account=ACCOUNT, picks=PICKS)
    def recognise(self, account: str, picks: list[tuple[int, int]]) -> None:
        self.play.recognise(account, self.picked(picks))

    @rule(account=st.sampled_from(["e1", "e2", "n1", "n3", "n5"]), index=NUMBER)
    def recognise_what_fits(self, account: str, index: int) -> None:
        """Of the right sender, so that it is often accepted."""
        self.play.recognise(account, [("um" if account in ("e1", "e2") else "uu", index)])

    @rule(index=NUMBER, course=st.sampled_from(["C1", "C2"]))
    def recognise_for_a_course(self, index: int, course: str) -> None:
        """3 EC fit into C1, and not into C2 of 2 credits."""
        self.play.recognise("n3", [("uu", index)], targets=(course,))

    @rule(picks=PICKS, what=st.sampled_from(["amount", "holder", "registrar", "account"]))
    def recognise_wrongly(self, picks: list[tuple[int, int]], what: str) -> None:
        play, chosen = self.play, self.picked(picks)
        bent: dict[str, dict[str, Any]] = {
            "amount": {"claimed": "99/2"},
            "holder": {"holders": holders([play.batches["uu"][11]])},
            "registrar": {"signers": ("hnrail registrar",)},
            "account": {"enrolment": uid("nowhere")},
        }
        play.recognise("n1", chosen, **bent[what])

    @precondition(lambda self: self.play.uses)
    @rule(which=NUMBER)
    def reverse(self, which: int) -> None:
        name = list(self.play.uses)[which % len(self.play.uses)]
        owner = ACCOUNTS[self.play.uses[name][0]][0]
        self.attempt(
            "recognise_reverse", ReverseBody(recognition=uid(name), reason="error"), f"{owner} registrar"
        )

    @rule(account=AT_UU, picks=PICKS)
    def stack(self, account: str, picks: list[tuple[int, int]]) -> None:
        self.stack_of(account, self.picked(picks))

    @rule(account=AT_UU, first=NUMBER, recognised=st.booleans(), days=st.sampled_from([0, 0, 1, 61]))
    def stack_what_fits(self, account: str, first: int, recognised: bool, days: int) -> None:
        """Two of uu's own, or one and what um's gives: 6 or 7 credits for an award of 4.

        What was recognised comes into question afterwards, if days are to pass.
        """
        if recognised:
            self.play.recognise(account, [("um", first)])
        self.stack_of(account, [("uu", first), ("uu", (first + 1) % 12)][: 2 - recognised])
        if days:
            self.change_status(("um" if recognised else "uu", first), "revoke", "review")
            self.play.seal(days * calendar.DAY)

    def stack_of(self, account: str, chosen: list[tuple[str, int]]) -> None:
        play, name = self.play, self.play.name("c")
        items, play.position = [play.item(one) for one in chosen], play.position + 1
        batch = award_batch(name)
        body = StackBody(
            enrolment=uid(account), components=tuple(items), batch_id=batch.batch_id, merkle_root=batch.root,
            status_list="awards", status_start=play.position,
        )  # fmt: skip
        if self.attempt("stack_award", body, *CONFERRING, *holders(items)):
            play.conferred(name, account)

    @precondition(lambda self: self.play.awards)
    @rule(which=FEW, decision=st.sampled_from(["uphold", "restack", "revoke"]), picks=PICKS)
    def decide_award(self, which: int, decision: Any, picks: list[tuple[int, int]]) -> None:
        names = list(self.play.awards)
        batch = award_batch(names[which % len(names)])
        items = [self.play.item(one) for one in self.picked(picks)] if decision == "restack" else []
        body = ReviewBody(subject="award", review=batch.batch_id, decision=decision, components=tuple(items))
        self.attempt("review_decide", body, *CONFERRING, *holders(items))

    @precondition(lambda self: self.play.uses)
    @rule(which=NUMBER, decision=st.sampled_from(["uphold", "reverse"]))
    def decide_recognition(self, which: int, decision: Any) -> None:
        name = list(self.play.uses)[which % len(self.play.uses)]
        owner = ACCOUNTS[self.play.uses[name][0]][0]
        body = ReviewBody(subject="recognition", review=uid(name), decision=decision)
        self.attempt("review_decide", body, f"{owner} registrar")

    # -- credentials -----------------------------------------------------------------------------------------

    @rule(which=FEW, account=st.sampled_from(["n1", "n3", "n5"]))
    def recognise_an_award(self, which: int, account: str) -> None:
        """What an own award redeems, at somebody else's."""
        names = list(self.play.awards)
        if names:
            self.play.recognise(account, [(names[which % len(names)], 0)])

    @precondition(lambda self: self.play.uses)
    @rule(which=NUMBER, effect=st.sampled_from(["reverse", "review"]))
    def revoke_what_was_used(self, which: int, effect: Any) -> None:
        credential = self.play.uses[list(self.play.uses)[which % len(self.play.uses)]][1][0]
        self.change_status(credential, "revoke", effect)

    @rule(
        picks=PICKS,
        action=st.sampled_from(["revoke", "revoke", "suspend", "reinstate"]),
        effect=st.sampled_from(["reverse", "review"]),
    )
    def status(self, picks: list[tuple[int, int]], action: Any, effect: Any) -> None:
        self.change_status(self.picked(picks)[0], action, effect if action == "revoke" else None)

    def change_status(self, credential: tuple[str, int], action: Any, effect: Any) -> None:
        name, index = credential
        body = self.play.status(self.play.batches[name], action, (index, index + 1), effect=effect)
        signers = ("um registrar",) if name == "um" else ("uu registrar", "uu quality")
        self.attempt("credential_status", body, *signers)

    @rule(batch=FEW, index=st.integers(6, 8))
    def erase(self, batch: int, index: int) -> None:
        item = self.play.item(self.picked([(batch, index)])[0])
        body = ErasureBody(batch_id=item.batch_id, index=item.index, basis="holder_request", item=item)
        self.attempt("erasure_notice", body, "uu registrar", *holders([item]))

    @rule(late=st.booleans())
    def issue(self, late: bool) -> None:
        signers = ("uu issuance", "nvao quality") if late else ("uu issuance",)
        self.play.issue_again("uu-ds", late=late, signers=signers)

    @rule(first=FEW, more=st.integers(1, 3))
    def correct(self, first: int, more: int) -> None:
        """Some of uu's first batch are replaced, whatever became of them."""
        spans = (Interval(start=first, end=first + more),)
        replaces = Replacement(batch_id=self.play.own.batch_id, ranges=spans)
        dates = {"completed_from": "2026-03-02", "completed_to": "2026-03-25"}
        self.play.issue_again("uu-ds", number=more, single=True, replaces=replaces, **dates)

    @rule(
        programme=st.sampled_from(["uu-ds", "um-m", "uu-cert", "ecom-ls"]),
        to=st.sampled_from([("paused", "budget"), ("active", "remedied"), ("suspended", "quality")]),
        by=st.sampled_from(["issuer", "validators"]),
    )
    def programme_status(self, programme: str, to: tuple[Any, str], by: str) -> None:
        body = ProgrammeStatusBody(programme=programme, status=to[0], reason=to[1])
        issuer = self.play.terms_of(programme).issuers[0]
        self.attempt("programme_status", body, *((issuer,) if by == "issuer" else TWO_THIRDS))

    # -- agreements ------------------------------------------------------------------------------------------

    @rule(sender=PARTY, receiver=PARTY, ratio=RATIO, in_set=st.booleans())
    def agree(self, sender: str, receiver: str, ratio: str, in_set: bool) -> None:
        play, name = self.play, self.play.name("pact")
        made = fixed(ratio, UNITS[sender], UNITS[receiver])
        more: dict[str, Any] = {"sign_by": play.time + 30, "notice_days": 90, "run_off_days": 10}
        with play.trying():
            if in_set:
                more["rule_sets"] = (define(play, play.name("s"), made, by=sender),)
            terms = agreement(sender, receiver, *(() if in_set else (made,)), **more)
            play.propose(name, terms)
            play.pacts.append(name)
            for party in signers_of(terms):
                self.attempt("agreement_sign", play.sign_body(name, terms), f"{party} agreements")

    @precondition(lambda self: self.play.pacts)
    @rule(which=NUMBER, ratio=RATIO)
    def amend(self, which: int, ratio: str) -> None:
        play, name = self.play, self.play.pacts[which % len(self.play.pacts)]
        kept = play.get(AGREEMENTS, name)
        if kept.current is None:
            return
        body = amendment(play, name, kept.current)
        if not body.terms.rules:
            return
        amended = changed(body.terms, rules=(changed(body.terms.rules[0], ratio=ratio),))
        body = changed(body, terms=changed(amended, sign_by=play.time + 30))
        if not self.attempt("agreement_amend", body, f"{amended.senders[0]} agreements"):
            return
        for party in signers_of(amended):
            made = signature(play, body, play.get(AGREEMENTS, name).latest)
            self.attempt("agreement_sign", made, f"{party} agreements")

    @precondition(lambda self: self.play.pacts)
    @rule(which=NUMBER, party=PARTY, sends=st.booleans())
    def join(self, which: int, party: str, sends: bool) -> None:
        play, name = self.play, self.play.pacts[which % len(self.play.pacts)]
        current = play.get(AGREEMENTS, name).current or 1
        sides = {"sends": True} if sends else {"receives": True}
        signers = [f"{one} agreements" for one in sorted({*UNITS})]
        self.attempt(
            "agreement_join", join(party, name, current, **sides), f"{party} agreements", *(
                one for one in signers if one != f"{party} agreements"
            ),
        )  # fmt: skip

    @rule(which=NUMBER, party=PARTY, all_of_it=st.booleans(), days=st.sampled_from([10, 90, 180]))
    def give_notice(self, which: int, party: str, all_of_it: bool, days: int) -> None:
        names = [*self.play.pacts, "a2", "in"]
        name = names[which % len(names)]
        date = calendar.add_days(calendar.date_at(self.play.time), days).isoformat()
        if all_of_it:
            body = TerminateBody(agreement_id=name, effective_date=date)
            self.attempt("agreement_terminate", body, f"{party} agreements")
        else:
            with self.play.trying():
                leave(self.play, party, date, name)

    # -- hours and years -------------------------------------------------------------------------------------

    @rule(
        which=FEW,
        act=st.sampled_from(["open", "log", "log", "complete", "issue"]),
        minutes=st.sampled_from([0, 2000, 2400]),
    )
    def learn(self, which: int, act: str, minutes: int) -> None:
        play, account = self.play, uid(f"hours {which}")
        today = calendar.date_at(play.time).isoformat()
        if act == "open":
            body: Any = HoursOpenBody(account=account, programme="rail", start=today)
            self.attempt("hours_open", body, "crrc-eval registrar")
        elif act == "log":
            body = HoursCheckpointBody(
                account=account, cumulative_minutes=minutes, practice_minutes=minutes // 3, log_root=bytes(32),
                period_end=today,
            )  # fmt: skip
            self.attempt("hours_checkpoint", body, "crrc-eval registrar")
        elif act == "complete":
            done = HoursCompleteBody(account=account, programme=("rail", 1))
            self.attempt("hours_complete", done, "crrc-eval registrar", "cn-qa quality")
        else:
            play.issue_again("rail", number=1, single=True, hours_account=account, issuer="crrc-eval")

    @rule(which=FEW)
    def learn_all_of_it(self, which: int) -> None:
        """From the first day to the credential, a week and a day later."""
        self.learn(which, "open", 0)
        self.play.seal(8 * calendar.DAY)
        for act in ("log", "complete", "issue"):
            self.learn(which, act, 2400)

    @rule(
        act=st.sampled_from(["report", "feedback", "feedback", "close"]),
        back=st.integers(0, 1),
        quarter=st.integers(1, 4),
        satisfied=st.sampled_from([9, 49, 60]),
    )
    def quality(self, act: str, back: int, quarter: int, satisfied: int) -> None:
        year = calendar.date_at(self.play.time).year - back
        if act == "report":
            body: Any = QualityReportBody(programme="ecom-ls", year=year, metrics=metrics(updated=20))
            self.attempt("quality_report", body, "ecom-co quality", "cn-qa quality")
        elif act == "feedback":
            for number in range(1, quarter + 1):
                body = EmployerFeedback(
                    programme="ecom-ls", period=f"{year}-Q{number}", responses=100, satisfied=satisfied,
                    method_hash=bytes(32),
                )  # fmt: skip
                self.attempt("employer_feedback", body, "cn-emp")
        else:
            self.attempt(
                "quality_year_close", QualityYearClose(programme="ecom-ls", year=year), "cn-qa quality"
            )

    # -- the alliance ----------------------------------------------------------------------------------------

    @rule(cap=st.sampled_from(["1/1", "1/10", "1/2"]))
    def policy(self, cap: str) -> None:
        head = self.play.get(PARAMETERS)
        known = self.play.context().parameters if head is None else head.newest
        body = PolicySet(parameters=changed(known, version=known.version + 1, award_cap=cap))
        self.attempt("policy_set", body, *TWO_THIRDS)

    @rule(
        party=st.sampled_from(["hnrail", "um", "uu"]),
        to=st.sampled_from([("active", "remedied"), ("active", "remedied"), ("suspended", "other")]),
    )
    def party_status(self, party: str, to: tuple[Any, str]) -> None:
        today = calendar.date_at(self.play.time).isoformat()
        body = PartyStatusBody(party=party, status=to[0], reason=to[1], effective_date=today)
        self.attempt("party_status", body, *TWO_THIRDS, "suny governance", "um governance", "uu governance")

    @precondition(lambda self: self.entries)
    @rule(which=NUMBER, flip=st.integers(1, 60), spoilt=st.booleans())
    def again(self, which: int, flip: int, spoilt: bool) -> None:
        """Bytes that were submitted before, as they were or with one changed."""
        entry = bytearray(self.entries[which % len(self.entries)])
        if spoilt:
            entry[-flip] ^= 1
        with self.play.trying():  # perhaps it does not even parse
            self.play.try_entry(bytes(entry))

    # -- blocks ----------------------------------------------------------------------------------------------

    @rule(days=st.sampled_from([0, 0, 1, 8, 61, 120, 300]))
    def seal(self, days: int) -> None:
        block = self.play.seal(60 + days * calendar.DAY)
        check_order(block)

    @rule(account=ACCOUNT, first=NUMBER, second=NUMBER)
    def split(self, account: str, first: int, second: int) -> None:
        if first != second:
            self.play.seal()
            batch = "um" if account in ("e1", "e2") else "uu"
            check_splitting(self.play, account, (batch, first), (batch, second))

    @precondition(lambda self: self.play.uses)
    @rule(which=NUMBER)
    def there_and_back(self, which: int) -> None:
        self.play.seal()
        check_restored(self.play, list(self.play.uses)[which % len(self.play.uses)])

    def teardown(self) -> None:
        self.play.seal()
        self.play.look_again()


def test_invariants_hold_over_random_histories() -> None:
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=HISTORIES, stateful_step_count=STEPS, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
