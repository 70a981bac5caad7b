"""Commands of a scripted clock: what sets the time of a test network, and who may (DESIGN.md section 2).

A network whose genesis names a ``scripted_clock`` key is a test network for ever: its nodes take the time
from commands signed by that key, and all they put out says so. A command names the network and a time, so
it works on one network only, can be handed from node to node, and does nothing when it comes again.
"""

from __future__ import annotations

from accord_client.api import ClockRequest
from accord_client.keyring import Signer
from accord_ledger.keys import verifies
from accord_ledger.tags import Tag


def clock_message(network: bytes, time: int) -> bytes:
    """The bytes a command is signed over: tag, network hash, time as 8 bytes big-endian."""
    return Tag.SIGN_CLOCK.message(network, time.to_bytes(8, "big"))


def clock_command(network: bytes, time: int, key: Signer) -> ClockRequest:
    """The command that it is ``time`` (UTC seconds) on a network."""
    return ClockRequest(time=time, signature=key.sign(clock_message(network, time)).hex())


def is_commanded(network: bytes, command: ClockRequest, public: bytes) -> bool:
    """Whether the holder of the clock's key gave this command for this network."""
    message = clock_message(network, command.time)
    return verifies(public, message, bytes.fromhex(command.signature))
