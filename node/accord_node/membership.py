"""What an institution needs from its node's host to change its keys (T43) or to ask for a seat (T42).

Both bodies are made where the node's keys are and signed where the institution's keys are: only the JSON
travels. Nothing here changes a running node.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from accord_client.api import FinalBlock
from accord_genesis.keyfiles import find_passphrase, generate_key, load_key, write_key
from accord_genesis.unusedkeys import mark_unused
from accord_ledger import codec
from accord_ledger.domain.kinds.network import NodeKey, NodeKeysSet, NodeUse
from accord_ledger.domain.kinds.seat import SeatGrant
from accord_ledger.errors import AccordError
from accord_node.config import Config
from accord_node.main import RUN_FILE, RunFile, read_genesis, read_keys
from accord_node.newcomer import NotReadyError, prove_ready

USES: Final[tuple[NodeUse, ...]] = ("link", "vote", "log", "witness")
SIGN_BY_SECONDS: Final = 5 * 86_400
"""How long the signatures of a seat are gathered; the proof itself counts for seven days."""
ANSWER_SECONDS: Final = 10.0
MAX_ANSWER_BYTES: Final = 1024 * 1024


class MembershipError(AccordError):
    """A change of keys or seat that cannot be prepared: says what is missing."""


@dataclass(frozen=True, slots=True)
class NodeKeyFiles:
    """Key files of one node as its configuration names them."""

    config: Config
    folder: Path

    @property
    def _passphrase(self) -> bytes | None:
        file = self.config.keys.passphrase_file
        return find_passphrase(file=self.folder / file) if file else None

    def _paths(self, use: NodeUse) -> Iterator[Path]:
        """The file of the key that comes, then of the one in use."""
        for section in (self.config.keys.coming, self.config.keys):
            if name := str(getattr(section, use)):
                yield self.folder / name

    def make_missing(self) -> list[Path]:
        """Make every key that T43 will name and that is not there yet; overwrites no key.

        Raises:
            MembershipError: ``NODE_KEYS_UNNAMED``: the configuration names no file for a use.
            KeyFileError: as ``keyfiles.write_key``.
        """
        made = []
        for use in USES:
            path = next(self._paths(use), None)
            if path is None:
                raise MembershipError(
                    "NODE_KEYS_UNNAMED", f"expected [keys] or [keys.coming] to name a file for {use}"
                )
            if not path.exists():
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                key = generate_key()
                write_key(path, key, passphrase=self._passphrase)
                if use == "vote":
                    mark_unused(path, key)
                made.append(path)
        return made

    def body(self, network: bytes, endpoint: str) -> NodeKeysSet:
        """T43 for these keys: those that come, else those in use; link keys overlap."""
        party = self.config.party

        def proved(use: NodeUse, path: Path) -> NodeKey:
            key = load_key(path, passphrase=self._passphrase)
            return NodeKey(public=key.public, proof=key.prove_possession(network, party, use))

        vote, log, witness = (proved(use, next(self._paths(use))) for use in ("vote", "log", "witness"))
        links = tuple(proved("link", path) for path in self._paths("link") if path.exists())
        return NodeKeysSet(party=party, endpoint=endpoint, link=links, vote=vote, log=log, witness=witness)


def node_keys_body(config: Config, folder: Path, endpoint: str) -> tuple[list[Path], NodeKeysSet]:
    """Key files made now, and T43's body.

    Raises:
        AccordError: as :class:`NodeKeyFiles` and ``main.read_genesis``; ``CODEC_*`` for an endpoint that
            is none.
    """
    files = NodeKeyFiles(config, folder)
    network = read_genesis(config, folder).network
    made = files.make_missing()
    body = files.body(network, endpoint)
    codec.decode(codec.encode(body), NodeKeysSet)  # the endpoint's form
    return made, body


def final_block(config: Config, folder: Path, url: str = "") -> FinalBlock:
    """The newest final block as the running node of this configuration executed it.

    Args:
        url: where it serves HTTP; empty: as its ``run.json`` says.

    Raises:
        NotReadyError: ``NOT_READY_NODE``: it does not run, or has no final block with its finalization.
    """
    try:
        if not url:
            run = (folder / config.data / RUN_FILE).read_bytes()
            url = msgspec.json.decode(run, type=RunFile).http
        with urllib.request.urlopen(f"{url}/v1/final", timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - our own node
            return msgspec.json.decode(answer.read(MAX_ANSWER_BYTES), type=FinalBlock)
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise NotReadyError(
            "NOT_READY_NODE", f"expected the running node of {config.party} with a final block: {error}"
        ) from error


def seat_body(config: Config, folder: Path, found: FinalBlock, *, now: int) -> SeatGrant:
    """T42's body with the proof that this node follows.

    Args:
        found: what the running node says of its newest final block.
        now: UTC seconds; signatures of the body are gathered for five days from then on.

    Raises:
        NotReadyError, DecodeError: as ``newcomer.prove_ready``.
    """
    ready = prove_ready(config.party, read_keys(config, folder), found)
    return SeatGrant(party=config.party, ready=ready, sign_by=now + SIGN_BY_SECONDS)
