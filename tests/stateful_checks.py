"""What must hold of any history in :mod:`stateful_world`, beside what the audit looks at (I10, I11, I13, I14)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from accord_ledger import keys
from accord_ledger.authmap.map import AuthMap
from accord_ledger.domain.credentials import credential_of
from accord_ledger.domain.model.account import ACCOUNT_PAGES, RECOGNITIONS
from accord_ledger.domain.model.credential import CREDENTIALS, Credential
from accord_ledger.domain.pipeline import prepare
from accord_ledger.errors import Rejection
from accord_ledger.execute import Execution, RecentTransactions
from accord_ledger.state import MemorySource, View
from domain_alliance import uid
from domain_world import NETWORK, notarization
from stateful_world import ACCOUNTS, Block, Play

HISTORY = (b"recognition/", b"consent/", b"body_use/", b"due", b"review/", b"uses/", b"account_page/")
"""Tables that keep what happened, besides how things stand.

``uses`` may still mark what an award held that was revoked, until the credential is used again; the pages of an
account list the same recognitions in another order (:func:`members_of`).
"""


def changed(value: Any, **changes: Any) -> Any:
    """A wire struct with other fields."""
    return type(value)(**{name: getattr(value, name) for name in value.__struct_fields__} | changes)


def check_order(block: Block) -> None:
    """I11 and I14: from its bytes, over the same state in reverse order, the block has the same bytes."""
    turned = dict(reversed(block.values.items()))
    parent = replace(
        block.parent,
        state=MemorySource(turned),
        map=AuthMap.build(turned.items()),
        recent=block.parent.recent.parent or RecentTransactions(),
    )
    seal = block.done.sealed.seal
    execution = Execution(NETWORK, parent, seal.time, keys.verifies)
    for entry in block.done.entries:
        execution.add(prepare(bytes(entry)))
    again = execution.close(
        proposer=seal.proposer, view=seal.view, parent_certificate=notarization(block.parent)
    )
    assert again.sealed.entry == block.done.sealed.entry
    assert list(again.changes.items()) == list(block.done.changes.items())


def awarded(play: Play, account: str, credentials: list[tuple[str, int]], name: str) -> Fraction | None:
    """What a recognition gives; 0 if that is too little for one, None if it is not allowed."""
    entry = play.entry(*play.use_of(name, account, credentials))
    try:
        return Fraction(play.add(entry).result["awarded"])
    except Rejection as refusal:
        return Fraction(0) if refusal.code == "E_ZERO_CREDIT" else None


def check_splitting(play: Play, account: str, first: tuple[str, int], second: tuple[str, int]) -> None:
    """I10: two recognitions of one credential each, and one of both, from the same state.

    The two are taken back again, after which nothing but history is left of them (I13).
    """
    apart = play.scratch()
    one, other = (awarded(apart, account, [item], f"i10 {item}") for item in (first, second))
    for item, given in ((first, one), (second, other)):
        if given:
            apart.reverse(f"i10 {item}", f"{ACCOUNTS[account][0]} registrar")
    assert_unchanged(play, apart, b"", b"")
    assert members_of(apart, account, {}) == members_of(play, account, {})
    joined = awarded(play.scratch(), account, [first, second], "i10")
    if one is not None and other is not None and joined is not None:
        assert one + other <= joined


def check_restored(play: Play, name: str) -> None:
    """I13: what is left after T28 and the same T27 is what was there, but for history."""
    account, credentials, said = play.uses[name]
    owner, trial = ACCOUNTS[account][0], play.scratch()
    try:
        trial.reverse(name, f"{owner} registrar")
        trial.do(*trial.use_of(f"{name} again", account, list(credentials), **said))
    except Rejection:
        return  # it was reversed before, or may not be made again: caps, status, time
    old, new = uid(name), uid(f"{name} again")
    assert_unchanged(play, trial, new, old)
    assert members_of(trial, account, {new: old}) == members_of(play, account, {})
    kept = [changed(one.get(RECOGNITIONS, which), at=0, height=0, place=0, status="live", reversed_at=None,
                           reason=None, stacked_into=None)
            for one, which in ((play, old), (trial, new))]  # fmt: skip
    assert kept[0] == kept[1]


def assert_unchanged(play: Play, trial: Play, new: bytes, old: bytes) -> None:
    """Besides history, and one name for another, a trial has left everything as it was."""
    closed = View(play.version.state)
    for key, raw in trial.view.changes().items():
        before = play.values.get(key)
        after = raw.replace(new, old) if raw is not None else None
        if key.startswith(CREDENTIALS.prefix):
            place = key[len(CREDENTIALS.prefix) :]
            name = (place[:16], int.from_bytes(place[16:], "big"))
            was, now = credential_of(closed, *name), credential_of(trial.view, *name)
            assert uses_of(was, new, old) == uses_of(now, new, old), key
        elif not key.startswith(HISTORY):
            assert after == before, key


def uses_of(row: Credential, new: bytes, old: bytes) -> Any:
    """What a credential is used for; which of several live uses is older is history."""
    spends = {old if one.recognition == new else one.recognition: one.receiver for one in row.spends}
    return row.erased_at, row.stacked_into, spends


def members_of(play: Play, account: str, names: dict[bytes, bytes]) -> set[bytes]:
    """Live recognitions an account lists; some under another name."""
    found, page = set(), 0
    while (row := play.get(ACCOUNT_PAGES, uid(account), page)) is not None:
        found |= {names.get(one, one) for one in row.recognitions}
        page += 1
    return found
