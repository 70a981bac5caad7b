"""Epoch changes in the small alliance: real votes, readiness of a newcomer, and blocks that end an epoch.

world = World()
done = step(world)                       # close the open block, open one a minute later
world.do("node_keys_set", node_keys("bjou", network=NETWORK), "bjou")
world.do("seat_grant", SeatGrant(party="bjou", ready=ready(done, "bjou")), *QUORUM, "bjou")
"""

from __future__ import annotations

from collections.abc import Sequence

from accord_ledger.block import NO_SEAL, Certificate, Vote, VoteKind, vote_message
from accord_ledger.domain.kinds.network import NodeKey, NodeKeysSet
from accord_ledger.domain.readiness import Readiness, make_readiness
from accord_ledger.execute import Executed
from accord_ledger.keys import SigningKey
from domain_alliance import SEATS, key_of
from domain_world import NETWORK, World

QUORUM = tuple(f"{party} governance" for party in SEATS[:5])
"""Signers that make n - f of the six members."""


def step(world: World, seconds: int = 60) -> Executed:
    """Close the open block and open the next."""
    done = world.close()
    world.open(done.version.time + seconds)
    return done


def vote(
    kind: VoteKind,
    view: int,
    seal: bytes,
    member: str,
    *,
    epoch: int = 0,
    key: SigningKey | None = None,
    network: bytes = NETWORK,
) -> Vote:
    """A signed vote."""
    message = vote_message(network, kind, epoch, view, seal)
    signature = (key or key_of(member, "node vote")).sign(message)
    return Vote(kind=kind, epoch=epoch, view=view, seal=seal, member=member, signature=signature)


def certificate(
    kind: VoteKind,
    view: int,
    seal: bytes = NO_SEAL,
    *,
    epoch: int = 0,
    parties: Sequence[str] = SEATS[:5],
    network: bytes = NETWORK,
) -> Certificate:
    """A certificate with real votes of these members."""
    votes = (vote(kind, view, seal, party, epoch=epoch, network=network) for party in sorted(parties))
    rows = tuple((one.member, one.signature) for one in votes)
    return Certificate(kind=kind, epoch=epoch, view=view, seal=seal, votes=rows)


def finalization(done: Executed, parties: Sequence[str] = SEATS[:5], *, later: int = 0) -> Certificate:
    """The finalization of a block, in its own view or a later one."""
    seal = done.sealed.seal
    return certificate(
        "finalize",
        seal.view + later,
        done.sealed.hash,
        epoch=seal.epoch,
        parties=parties,
        network=seal.network,
    )


def ready(
    done: Executed, party: str, *, key: SigningKey | None = None, final: Certificate | None = None
) -> Readiness:
    """The newcomer's proof that its node executed this block."""
    vote_key = key or key_of(party, "node vote")
    seal = done.sealed
    return make_readiness(seal, final or finalization(done), seal.seal.state_root, party, vote_key)


def other_node(party: str, name: str, *kept: str, network: bytes = NETWORK) -> NodeKeysSet:
    """T43 with new keys, but for the uses in ``kept``."""

    def made(use: str) -> NodeKey:
        key = key_of(party, f"node {use}" if use in kept else f"{name} {use}")
        return NodeKey(public=key.public, proof=key.prove_possession(network, party, use))

    return NodeKeysSet(
        party=party,
        endpoint=f"wss://{name}.{party}.example",
        link=(made("link"),),
        vote=made("vote"),
        log=made("log"),
        witness=made("witness"),
    )
