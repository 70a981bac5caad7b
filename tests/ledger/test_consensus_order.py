"""Whatever comes in, in whatever order: persisted before sent, never a contradiction, bounded memory."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from accord_ledger.block import NO_SEAL, SealedBytes
from accord_ledger.consensus import effects as do
from accord_ledger.consensus import inputs as on
from accord_ledger.consensus.config import Config
from accord_ledger.consensus.inputs import TimerKind
from accord_ledger.consensus.journal import Certified, Proposed, Voted
from consensus_script import Seat, block, certificate, proposal, vote

VIEWS = 4
FIRST = [block(view, time=time) for view in range(1, VIEWS) for time in (1, 2)]
SECOND = [block(view, parent) for parent in FIRST[:4] for view in range(2, VIEWS)]
BLOCKS = FIRST + SECOND
blocks = st.sampled_from(BLOCKS)
views = st.integers(1, VIEWS)


def _own(at: SealedBytes) -> on.Input:
    return on.BlockBuilt(at.seal.view, at)


votes = st.builds(
    lambda kind, at, view, member: on.VoteReceived(
        vote(
            kind,
            view if kind == "nullify" else at.seal.view,
            NO_SEAL if kind == "nullify" else at.hash,
            member,
        )
    ),
    st.sampled_from(["notarize", "nullify", "finalize"]),
    blocks,
    views,
    st.sampled_from(["m1", "m2", "m3"]),
)
inputs: st.SearchStrategy[on.Input] = st.one_of(
    votes,
    st.builds(proposal, blocks),
    st.builds(lambda at: on.CertificateReceived(certificate("notarize", at.seal.view, at.hash)), blocks),
    st.builds(lambda view: on.CertificateReceived(certificate("nullify", view)), views),
    st.builds(
        lambda at, ends: on.BlockExecuted(at.seal.view, at.hash, on.Verdict.VALID, ends),
        blocks,
        st.booleans(),
    ),
    st.builds(on.TimeoutElapsed, views, st.sampled_from(TimerKind)),
    st.builds(on.WorkChanged, st.booleans()),
    st.builds(_own, blocks),
    st.builds(on.BlockReceived, blocks),
)


def _feed_back(seat: Seat, event: on.Input) -> list[do.Effect]:
    effects = seat.give(event)
    own = [held for held in effects if isinstance(held, do.SendVote)]
    for held in own:
        effects += seat.give(on.VoteReceived(vote(held.kind, held.view, held.seal, "m0")))
    return effects


@settings(max_examples=150, deadline=None)
@given(st.lists(inputs, max_size=60))
def test_every_send_stands_after_what_protects_it(events: list[on.Input]) -> None:
    seat = Seat()
    durable: set[tuple[str, int, bytes]] = set()
    for event in events:
        for effect in _feed_back(seat, event):
            match effect:
                case do.Persist(records):
                    durable.update(
                        (held.kind, held.view, held.seal) for held in records if isinstance(held, Voted)
                    )
                    durable.update(
                        ("proposed", held.view, SealedBytes.parse(held.entry).hash)
                        for held in records
                        if isinstance(held, Proposed)
                    )
                    durable.update(
                        (f"{held.certificate.kind} certificate", held.view, held.certificate.seal)
                        for held in records
                        if isinstance(held, Certified)
                    )
                case do.SendVote(kind, _, view, seal):
                    assert (kind, view, seal) in durable
                    rests_on = {
                        "notarize": "proposed",
                        "finalize": "notarize certificate",
                        "nullify": "nullify",
                    }
                    assert (rests_on[kind], view, seal) in durable
                case do.SendProposal(view, sealed):
                    assert ("notarize", view, sealed.hash) in durable
                    assert ("proposed", view, sealed.hash) in durable
                case do.SendCertificate(held):
                    assert (f"{held.kind} certificate", held.view, held.seal) in durable


@settings(max_examples=150, deadline=None)
@given(st.lists(inputs, max_size=60))
def test_we_never_contradict_ourselves(events: list[on.Input]) -> None:
    seat = Seat()
    spoken: dict[int, dict[str, bytes]] = {}
    for event in events:
        for effect in _feed_back(seat, event):
            if isinstance(effect, do.SendVote):
                kinds = spoken.setdefault(effect.view, {})
                assert kinds.setdefault(effect.kind, effect.seal) == effect.seal
                assert not {"nullify", "finalize"} <= kinds.keys()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2**52), st.sampled_from(["m1", "m2", "m3"]), blocks), max_size=200))
def test_liars_cannot_make_memory_grow(lies: list[tuple[int, str, SealedBytes]]) -> None:
    config = Config(behind=3, ahead=3)
    seat = Seat(config=config)
    for view, member, at in lies:
        seat.give(on.VoteReceived(vote("notarize", view % 20, at.hash, member)))
        seat.give(on.VoteReceived(vote("finalize", view, at.hash, member)), proposal(at, view))
    rounds = seat.core._memory.rounds
    assert len(rounds) <= config.behind + config.ahead + 1
    assert all(len(held.book._places) <= 3 * 4 for held in rounds.values())
