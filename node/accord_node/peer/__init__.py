"""The peer network of a node: authenticated links, gossip, anti-entropy and requests.

    network = PeerNetwork(
        party="uu", network=genesis_hash, key=link_key, directory=directory,
        identity=TlsIdentity.load_or_create(data_dir), rng=random.SystemRandom(), config=PeerConfig(),
    )
    gossip = network.gossip
    gossip.on_item(Topic.VOTE, handler)            # handler(topic, payload, sender) -> Outcome | awaitable
    gossip.on_status(local_status, on_status)      # () -> bytes, (party, bytes) -> None
    network.serve(kind, handler)                   # async handler(party, payload) -> bytes
    network.on_links(callback)                     # callback() after a link came or went
    port = await network.start("0.0.0.0", 7443)    # the port really bound
    gossip.publish(Topic.VOTE, payload)            # synchronous, never blocks; returns the item's name
    gossip.nudge()                                 # exchange status now instead of at the next interval
    answer = await network.request(party, kind, payload, timeout=2.0)    # PeerError on failure
    network.punish(party)                          # sent something later found invalid: drop and ban
    network.linked()                               # parties with a proven link now
    network.counters                               # Counter[str], for the metrics layer
    await network.close()                          # nothing of it is left running

Handlers are called in the event loop's thread and must return at once; what takes long is returned as
a future (cheap) or coroutine (a task). Own items are not handed to own handlers.
"""

from __future__ import annotations

from accord_node.peer.certificate import TlsIdentity
from accord_node.peer.config import PeerConfig
from accord_node.peer.directory import Directory
from accord_node.peer.errors import PeerError
from accord_node.peer.gossip import Gossip
from accord_node.peer.network import PeerNetwork
from accord_node.peer.topics import Outcome, Topic, item_name

__all__ = [
    "Directory",
    "Gossip",
    "Outcome",
    "PeerConfig",
    "PeerError",
    "PeerNetwork",
    "TlsIdentity",
    "Topic",
    "item_name",
]
