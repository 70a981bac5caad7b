"""Q-A3: everything a key signed after it was compromised."""

from __future__ import annotations

from accord_ledger.codec import Wire
from accord_ledger.domain.model.party import KEYS, KeyRecord
from accord_ledger.domain.questions.question import Asked, HexKey, question
from accord_ledger.domain.questions.reading import QuestionError, Reading
from accord_ledger.fields import Seconds


class KeyActsAsked(Asked):
    """Parameters of Q-A3."""

    key: HexKey
    since: Seconds | None = None
    """UTC seconds; the compromise that is on record if absent."""


class KeyAct(Wire):
    """One record the key signed."""

    tx: bytes
    kind: str
    author: str
    at: int
    height: int
    index: int


def _compromised(read: Reading, key: KeyRecord) -> int | None:
    """The compromise on record by the moment asked about."""
    if key.compromise_known_at is None or key.compromise_known_at > read.at:
        return None
    if read.past:
        read.say("the key counts as compromised from the day that is on record now")
    return key.compromised_since


@question("key-acts", "Q-A3", "Everything a key signed after its compromise date")
def key_acts(read: Reading, asked: KeyActsAsked) -> list[KeyAct]:
    """Final records with a signature of the key, in log order; each can be fetched with its proof."""
    name = bytes.fromhex(asked.key)
    key = read.known(KEYS, name)
    since = asked.since if asked.since is not None else _compromised(read, key)
    if since is None:
        raise QuestionError(
            "QUESTION_VALUE", "expected since: no compromise of the key is on record", path="since"
        )
    return [
        KeyAct(
            tx=act.tx_id, kind=act.kind, author=act.author, at=act.time, height=act.height, index=act.index
        )
        for act in read.acts(name, since=since)
    ]
