"""Many rules: 5,000 in one block with 400 programmes, one found among them, and the cycle check (``bench.large``)."""

from __future__ import annotations

import gc
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any, Final

from msgspec.structs import replace as structs_replace

from accord_ledger import codec
from accord_ledger.authmap.map import AuthMap
from accord_ledger.domain.kinds.agreement import ProposeBody
from accord_ledger.domain.kinds.programme import ProgrammeRegister
from accord_ledger.domain.kinds.rule_set import RuleSetBody
from accord_ledger.domain.model.agreement import AGREEMENT_TERMS, AGREEMENTS, RECEIVER_AGREEMENTS, RuleSetRef
from accord_ledger.domain.pipeline import Prepared, prepare, run_genesis
from accord_ledger.domain.rule_lookup import rules_about
from accord_ledger.domain.rules import CourseSubstitution, FixedRatio
from accord_ledger.domain.rules.course_substitution import ListedCourse, Substitution
from accord_ledger.domain.terms import rules_hash
from accord_ledger.errors import Rejection
from accord_ledger.execute import Executed, Execution
from accord_ledger.state import MemorySource, View
from accord_node.storage.schema import SCHEMA
from accord_node.storage.source import DurableState
from bench.table import goal, heading, row

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

if __name__ != "__mp_main__":  # the small alliance of the tests
    from domain_alliance import genesis_context, genesis_state, party_body, uid
    from domain_world import NETWORK, World, first_version, terms
    from exchange_world import Exchange, agreement, fixed

RULES: Final = 5_000
PER_SET: Final = 200
PROGRAMMES: Final = 400
PARTIES: Final = 200
PER_AGREEMENT: Final = 20

WORTH: Final = {"cn-mc": 40, "cn-hvc": 16, "ects": 28, "uom": 10, "us-sch": 45, "mqf": 40}
"""Root frameworks and what a credit of each is worth: ratios between them close no cycle above 1."""


def _good(public: bytes, message: bytes, signature: bytes) -> bool:
    del public, message, signature
    return True


def _programme(number: int) -> Any:
    return terms(f"p{number:03}", "uu", title={"en": f"Programme {number}"})


def _rules(first: int) -> tuple[CourseSubstitution, ...]:
    """One rule a programme and course, as a credit bank lists them (row N7)."""
    made = []
    for number in range(first, first + PER_SET):
        course = ListedCourse(code=f"C{number:04}", credits="2/1")
        listed = Substitution(programme=f"p{number % PROGRAMMES:03}", courses=(course,))
        name = f"r{number:04}"
        made.append(
            CourseSubstitution(
                rule_id=name,
                source=("nl-ects", 1),
                target=("cn-mc", 1),
                substitutions=(listed,),
                course_once=True,
            )
        )
    return tuple(made)


def _block(world: World) -> tuple[list[Prepared], int]:
    """400 T07, 25 T47, and T22 and T23 of the agreement that names them; the place of the last signature."""
    records = [
        world.prepared("programme_register", ProgrammeRegister(terms=_programme(number)), "uu")
        for number in range(PROGRAMMES)
    ]
    named = []
    for number in range(RULES // PER_SET):
        made = _rules(number * PER_SET)
        rule_set = uid(f"set {number}")
        records.append(
            world.prepared("rule_set_define", RuleSetBody(rule_set=rule_set, rules=made), "uu agreements")
        )
        named.append(RuleSetRef(rule_set=rule_set, hash=rules_hash(made)))
    named.sort(key=lambda one: one.rule_set)
    agreed = agreement("uu", "hnrail", rule_sets=tuple(named))
    body = ProposeBody(agreement_id="bank", terms=agreed)
    records.append(world.prepared("agreement_propose", body, "uu agreements"))
    for party in ("uu", "hnrail"):
        signed = Exchange.sign_body(world, "bank", agreed)  # type: ignore[arg-type]  # reads nothing of the world
        records.append(world.prepared("agreement_sign", signed, f"{party} agreements"))
    return records, len(records) - 1


def measure_rules(rounds: int) -> None:
    """One block with all of them, then rules found by programme and receiver."""
    heading(f"{RULES:,} conversion rules and {PROGRAMMES} programmes in one block")
    world = World()
    world.at("2026-03-02")
    records, last = _block(world)
    whole, signing, done = [], [], None
    for _ in range(rounds):
        gc.collect()
        execution = Execution(NETWORK, world.version, world.time, _good)
        begin = process_time()
        for place, record in enumerate(records):
            if place == last:
                middle = process_time()
            execution.add(record)
        end = process_time()
        whole.append((end - begin) * 1e3)
        signing.append((end - middle) * 1e3)
        done = execution
    row(
        "T07, T47, T22 and T23 together",
        f"{min(whole):,.0f} ms",
        f"median {median(whole):,.0f} ms, rules alone",
    )
    row(
        "of which the signature that activates",
        f"{min(signing):,.1f} ms",
        f"weight {done.weight if done else 0:,} in all",
    )
    if done is None:
        raise RuntimeError("expected at least one round")
    closed = done.close(proposer="uu", view=1, parent_certificate=None)
    _measure_lookup(world.values, closed, rounds)


def _measure_lookup(values: dict[bytes, bytes], block: Executed, rounds: int) -> None:
    """Agreements of a receiver by their keys, then the rules of each about one programme; cold, then warm."""
    state = {key: value for key, value in (values | block.changes).items() if value is not None}
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "state.sqlite"
        connection = sqlite3.connect(path)
        connection.executescript(SCHEMA)
        connection.executemany("INSERT INTO state VALUES (?, ?)", sorted(state.items()))
        connection.commit()
        tree = AuthMap.build(state.items())
        cold, warm, found = [], [], 0
        for _ in range(rounds * 3):
            source = DurableState(path, tree)
            begin = process_time()
            found = _lookup(connection, source, "p017", "hnrail")
            middle = process_time()
            _lookup(connection, source, "p017", "hnrail")
            cold.append((middle - begin) * 1e3)
            warm.append((process_time() - middle) * 1e3)
            source.close()
        connection.close()
    row(
        f"rules by (programme, receiver), from disk: {found} of {RULES:,}",
        f"{min(cold):,.2f} ms",
        f"median {median(cold):,.2f} ms",
    )
    row("again, from memory", f"{min(warm):,.2f} ms", f"median {median(warm):,.2f} ms")
    goal("rule lookup / 10 ms", median(cold) / 10, 1.0, at_most=True)


def _lookup(connection: sqlite3.Connection, source: DurableState, programme: str, receiver: str) -> int:
    view, count = View(source), 0
    start = RECEIVER_AGREEMENTS.prefix + receiver.encode() + b"\x00"
    end = start[:-1] + b"\x01"
    for (key,) in connection.execute("SELECT key FROM state WHERE key >= ? AND key < ?", (start, end)):
        name = bytes(key)[len(start) : -1].decode()
        agreed = view.get(AGREEMENTS, name)
        found = view.get(AGREEMENT_TERMS, name, agreed.current or 1) if agreed is not None else None
        if found is not None:
            count += sum(1 for _ in rules_about(view, found, programme))
    if count == 0:
        raise RuntimeError("expected rules about the programme")
    return count


def _pairs() -> Iterator[tuple[str, str]]:
    return ((source, target) for source, target in product(WORTH, WORTH) if source != target)


def _terms(number: int, last: bool = False) -> Any:
    """A ring round all parties, then short cuts; 20 rules each, that lose nothing and gain nothing."""
    sender = number % PARTIES
    receiver = (sender + (1 if number < PARTIES else 37)) % PARTIES
    made = [
        fixed(f"{ratio.numerator}/{ratio.denominator}", source, target, rule_id=f"{source}-{target}")
        for (source, target), ratio in list(_ratios().items())[:PER_AGREEMENT]
    ]
    if last:
        made[0] = _inflating(made[0])
    return agreement(f"g{sender:03}", f"g{receiver:03}", *made)


def _ratios() -> dict[tuple[str, str], Fraction]:
    return {pair: Fraction(WORTH[pair[0]], WORTH[pair[1]]) for pair in _pairs()}


def _inflating(rule: FixedRatio) -> FixedRatio:
    """Twice what the rule gives: it closes a cycle that inflates."""
    first, second = rule.ratio.split("/")
    doubled = Fraction(2 * int(first), int(second))
    return structs_replace(rule, ratio=f"{doubled.numerator}/{doubled.denominator}")


class Crowd(Exchange):
    """The small alliance and 200 universities more."""

    def __init__(self) -> None:
        super().__init__()
        view = View(MemorySource(genesis_state()))
        for number in range(PARTIES):
            body = party_body(f"g{number:03}", "XA-E", "university", "agreements")
            run_genesis(genesis_context(view), "party_register", codec.encode(body))
        self.values = genesis_state() | {
            key: value for key, value in view.changes().items() if value is not None
        }
        self.version = first_version(self.values)
        self.open(self.time)
        self.at("2026-03-02")


def measure_cycles(rounds: int) -> None:
    """The signature that activates the last of 250 agreements: one that is let in, one that inflates."""
    heading(f"Cycle check: {PARTIES} parties, {RULES:,} rules")
    world, agreements = Crowd(), RULES // PER_AGREEMENT
    world.execution._checker = _good
    for number in range(agreements - 1):
        world.agree(f"pact-{number}", _terms(number))
        if world.execution.weight > 150_000:
            world.close()
            world.open(world.version.time + 1)
            world.execution._checker = _good
    world.close()
    for what, last in (("that is let in", False), ("that would inflate", True)):
        costs = [_activation(world, agreements - 1, last) for _ in range(rounds)]
        row(f"signature {what}", f"{min(costs):,.1f} ms", f"median {median(costs):,.1f} ms")
        goal("cycle check / 200 ms", min(costs) / 200, 1.0, at_most=True)


def _activation(world: Crowd, number: int, last: bool) -> float:
    """Milliseconds of the last T23."""
    trial = _copy_of(world)
    proposed = _terms(number, last)
    name = f"pact-{number}"
    trial.propose(name, proposed)
    sender, receiver = proposed.senders[0], proposed.receivers[0]
    trial.do("agreement_sign", trial.sign_body(name, proposed), f"{sender} agreements")
    record = prepare(trial.entry("agreement_sign", trial.sign_body(name, proposed), f"{receiver} agreements"))
    gc.collect()
    begin = process_time()
    try:
        trial.execution.add(record)
        refused = ""
    except Rejection as rejection:
        refused = rejection.code
    cost = (process_time() - begin) * 1e3
    if refused != ("E_CYCLE_INFLATION" if last else ""):
        raise RuntimeError(f"expected another answer than {refused or 'yes'}")
    return cost


def _copy_of(world: Crowd) -> Crowd:
    """The closed world with a fresh block on it."""
    copy = Crowd.__new__(Crowd)
    copy.__dict__.update(world.__dict__)
    copy.version = replace(world.version, state=MemorySource(world.values))
    copy.execution = Execution(NETWORK, copy.version, world.version.time + 1, _good)
    return copy
