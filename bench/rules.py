"""What the rules of one credential issuance (T16, single) cost, without cryptography.

Signatures are answered from a set of good ones, as on a node that checked them on admission. Records come
in blocks of 1,000; a row per part says microseconds a record. The target is 45 in all (DESIGN.md section 2).

    python bench/rules.py [records] [keys already in the state]
"""

from __future__ import annotations

import sys
from dataclasses import replace
from hashlib import sha256
from statistics import median
from time import process_time

from accord_ledger import calendar
from accord_ledger.authmap.map import AuthMap
from accord_ledger.block import Member, Members
from accord_ledger.domain.kinds.issue import IssueBody
from accord_ledger.domain.model.framework import FRAMEWORKS, PROFILES, Framework, FrameworkTerms, ProfileTerms
from accord_ledger.domain.model.party import KEYS, PARTIES, KeyRecord, Party
from accord_ledger.domain.model.programme import (
    PROGRAMME_HEADS,
    PROGRAMMES,
    YEAR_COUNTS,
    Programme,
    ProgrammeHead,
    ProgrammeTerms,
    StatusChange,
    YearCount,
)
from accord_ledger.domain.pipeline import Prepared, SignatureChecker, prepare
from accord_ledger.execute import Executed, Execution, RecentTransactions, Version
from accord_ledger.keys import SigningKey
from accord_ledger.merkle.tree import Frontier
from accord_ledger.state import MemorySource, View
from accord_ledger.transaction import Draft, signed_message

NETWORK = sha256(b"bench").digest()
TIME = calendar.midnight(calendar.parse_date("2026-04-01"))
BLOCK = 1_000
ISSUERS = 10
KEY = [SigningKey.from_seed(bytes([number + 1]) * 32) for number in range(ISSUERS)]
Good = set[tuple[bytes, bytes, bytes]]


def world(keys: int) -> Version:
    """A ledger with ten issuers, one active programme each, and ``keys`` keys of other state."""
    view = View(MemorySource())
    framework = FrameworkTerms(
        framework_id="mqf", version=1, country="XA", unit={"en": "credit"}, hour_kind="notional",
        hours_min="40/1", hours_max="40/1", quantum="1/1",
    )  # fmt: skip
    view.put(FRAMEWORKS, Framework(terms=framework, root=("mqf", 1)), "mqf", 1)
    view.put(PROFILES, ProfileTerms(profile_id="neutral", version=1, owner="alliance"), "neutral", 1)
    for number in range(ISSUERS):
        _issuer(view, number)
    source = MemorySource()
    source.write(view.changes())
    filler = ((b"filler/" + number.to_bytes(8, "big"), b"x") for number in range(keys))
    state = AuthMap.build([*source.values.items(), *filler])
    members = Members(epoch=0, members=(Member(party="u0", vote=KEY[0].public, witness=KEY[0].public),))
    return Version(0, NETWORK, TIME, members, Frontier.empty(), state, source, RecentTransactions())


def _issuer(view: View, number: int) -> None:
    party, programme, key = f"u{number}", f"course-{number}", KEY[number]
    view.put(
        PARTIES,
        Party(
            party_id=party, roles=("university",), legal_name={"en": party}, country="XA", region="XA-E",
            keys=(key.key_id,),
        ),
        party,
    )  # fmt: skip
    view.put(
        KEYS,
        KeyRecord(party=party, use="institution", alg="ed25519", public=key.public, purposes=("issuance",)),
        key.key_id,
    )
    terms = ProgrammeTerms(
        programme_id=programme, version=1, title={"en": programme}, framework=("mqf", 1),
        category="degree_bridging", form="standalone", track="credit", credits="3/1", total_hours="120/1",
        issuers=(party,), profile=("neutral", 1),
    )  # fmt: skip
    view.put(PROGRAMMES, Programme(terms=terms, stage="active"), programme, 1)
    change = StatusChange(status="active", since=TIME)
    head = ProgrammeHead(issuers=(party,), latest=1, current=1, status="active", history=(change,))
    view.put(PROGRAMME_HEADS, head, programme)
    view.put(YEAR_COUNTS, YearCount(entrants=10**9), programme, 2026)


def records(count: int) -> tuple[list[bytes], Good]:
    """Signed issuances, and what the signature checker calls good."""
    entries, good = [], set()
    for number in range(count):
        issuer, place = number % ISSUERS, number // ISSUERS
        body = IssueBody(
            batch_id=number.to_bytes(16, "big"),
            programme=(f"course-{issuer}", 1),
            count=1,
            merkle_root=sha256(number.to_bytes(8, "big")).digest(),
            status_list=f"list-{place // 2**17}",
            status_start=place % 2**17,
            completed_from="2026-03-01",
            completed_to="2026-03-25",
            single=True,
        )
        draft = Draft(
            network=NETWORK, kind="credential_issue", author=f"u{issuer}", body=body,
            expires=TIME + 3000, nonce=number.to_bytes(16, "big"),
        )  # fmt: skip
        signature = sha256(draft.tx_id).digest() * 2
        good.add((KEY[issuer].public, signed_message("tx", draft.tx_id, draft.body_hash), signature))
        entries.append(draft.attach(KEY[issuer].key_id, "tx", signature).entry())
    return entries, good


def run(count: int, keys: int) -> None:
    """Time each part and print the rows."""
    version = world(keys)
    entries, good = records(count)
    begin = process_time()
    prepared = [prepare(entry) for entry in entries]
    decoded = process_time() - begin

    def checker(public: bytes, message: bytes, signature: bytes) -> bool:
        return (public, message, signature) in good

    added, closed = [], []
    for start in range(0, count, BLOCK):
        block = prepared[start : start + BLOCK]
        first, second, executed = _block(version, block, checker)
        added.append(first / len(block))
        closed.append(second / len(block))
        version = _durable(version, executed)
    print(f"{count} records in blocks of {BLOCK}, state of {keys} other keys, us of CPU per record")
    print(f"{'':<46}{'median block':>14}{'best block':>14}")
    _row("codec (prepare: decode, re-encode, hashes)", [decoded / count])
    _row("rules only (Execution.add)", added)
    _row("close (encode, map, log)", closed)
    _row("rules and close", [first + second for first, second in zip(added, closed, strict=True)])


def _row(name: str, seconds: list[float]) -> None:
    print(f"{name:<46}{median(seconds) * 1e6:>14.1f}{min(seconds) * 1e6:>14.1f}")


def _block(
    version: Version, block: list[Prepared], checker: SignatureChecker
) -> tuple[float, float, Executed]:
    begin = process_time()
    execution = Execution(NETWORK, version, TIME, checker)
    for one in block:
        execution.add(one)
    middle = process_time()
    executed = execution.close(proposer="u0", view=1, parent_certificate=None)
    return middle - begin, process_time() - middle, executed


def _durable(before: Version, executed: Executed) -> Version:
    """The version after a block, read from the source again as after its commit."""
    source = before.state
    assert isinstance(source, MemorySource)
    source.write(executed.changes)
    executed.version.recent.flatten_into(before.recent, TIME)
    return replace(executed.version, state=source, recent=before.recent)


if __name__ == "__main__":
    arguments = [int(text) for text in sys.argv[1:]]
    run(*(arguments + [20_000, 100_000][len(arguments) :]))
