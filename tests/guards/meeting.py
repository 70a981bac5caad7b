"""Guards against strangers and peers: who is let in, what they can cost, and what is believed of a snapshot."""

from __future__ import annotations

from typing import Final

from guards.guard import LEDGER, NODE, Guard

_PEER: Final = NODE + "peer/"
_ABUSE: Final = "tests/node/test_peer_abuse.py::"
_BOUNDS: Final = "tests/node/test_bounds.py::"
_LIES: Final = "tests/node/test_joining_lies.py::test_a_lie_is_named_and_nothing_is_stored"
_SEAT: Final = "tests/ledger/test_kind_seat.py::"

MEETING: Final = (
    Guard(
        "a handshake is bound to the certificate",
        _PEER + "handshake.py",
        "server_nonce=self._nonce, certificate=self._certificate,",
        "server_nonce=self._nonce, certificate=bytes(32),",
        ("tests/node/test_peer_handshake.py::test_a_true_handshake_makes_a_link",),
    ),
    Guard(
        "a proof is of its hello",
        _PEER + "handshake.py",
        "if message.party != hello.party or message.nonce != hello.nonce:",
        "if message is None:",
        ("tests/node/test_peer_handshake.py::test_a_proof_is_of_its_hello",),
    ),
    Guard(
        "a revoked key loses its link",
        _PEER + "links.py",
        "if link.key not in self._directory.link_keys(party):",
        "if link is None:",
        ("tests/node/test_peer_handshake.py::test_a_revoked_key_loses_its_link_and_a_rotated_one_gets_in",),
    ),
    Guard(
        "strangers of one address hold few descriptors",
        _PEER + "doorway.py",
        "if held[address] >= self._config.max_unproven_per_address:",
        "if held[address] < 0:",
        (_ABUSE + "test_strangers_that_say_nothing_get_no_descriptors_without_end",),
    ),
    Guard(
        "who only holds places loses them",
        _PEER + "doorway.py",
        "if held.total() >= self._config.max_unproven:",
        "if held.total() < 0:",
        (_ABUSE + "test_who_only_holds_places_loses_them_to_who_comes",),
    ),
    Guard(
        "reading stops while too much awaits its verdict",
        _PEER + "link.py",
        "            while self._full():\n",
        "            while self._stopped:\n",
        (_ABUSE + "test_reading_stops_while_too_much_of_a_peer_awaits_its_verdict",),
    ),
    Guard(
        "what waits to be sent is bounded",
        _PEER + "outbox.py",
        "if self.size + len(frame) > self._limit and not self._make_room(lane, len(frame)):",
        "if len(frame) < 0:",
        ("tests/node/test_peer_outbox.py::test_overflow_drops_the_oldest_of_the_least_urgent_lane",),
    ),
    Guard(
        "questions that wait are bounded in bytes",
        _PEER + "requests.py",
        "exchange.waiting_bytes + len(frame.payload) <= self._config.request_bytes",
        "exchange.waiting_bytes >= 0",
        (_ABUSE + "test_questions_that_wait_are_bounded_in_bytes",),
    ),
    Guard(
        "who reads no answers gets no more",
        _PEER + "requests.py",
        "        await link.drained()\n",
        "",
        (_ABUSE + "test_who_reads_no_answers_gets_no_more_of_them",),
    ),
    Guard(
        "one peer opens a share of the fetches",
        _PEER + "memory.py",
        " or self._opened[party] >= max(1, self._limit // _SHARE)",
        "",
        ("tests/node/test_peer_memory.py::test_one_party_cannot_fill_the_table_of_fetches",),
    ),
    Guard(
        "only what was accepted is relayed",
        _PEER + "gossip.py",
        "        elif outcome is Outcome.ACCEPT:\n            self._keep(item",
        "        else:\n            self._keep(item",
        ("tests/node/test_peer_gossip.py::test_what_is_bad_or_ignored_is_not_relayed",),
    ),
    Guard(
        "a flood of one peer stands in its own line",
        NODE + "intake.py",
        "async with self._line(sender), self._reading:",
        "async with self._reading:",
        ("tests/node/test_intake.py::test_a_flood_of_one_peer_does_not_stand_in_line_before_another",),
    ),
    Guard(
        "records of no use cost no signature check",
        NODE + "intake.py",
        "read_authored(unknown, self._timely())",
        "read_authored(unknown)",
        ("tests/node/test_intake.py::test_records_that_have_expired_cost_no_signature_check",),
    ),
    Guard(
        "a signature that a process calls bad is not remembered as good",
        NODE + "signatures.py",
        "                    if good:",
        "                    if group:",
        (
            "tests/node/test_signatureprocess.py::test_many_are_asked_for_elsewhere_and_the_good_ones_remembered",
        ),
    ),
    Guard(
        "a process that does not answer is ended",
        NODE + "signatureprocess.py",
        "if not poll.poll(max(0.0, until - time.monotonic()) * 1000):",
        "if poll.poll(max(0.0, until - time.monotonic()) * 1000) is None:",
        ("tests/node/test_signatureprocess.py::test_one_that_does_not_answer_is_ended",),
    ),
    Guard(
        "a vote under ever other signatures is heard seldom",
        NODE + "hearing.py",
        'if again and now - self._repeated.get(vote.member, float("-inf")) < REPEAT_SECONDS:',
        "if again and now < 0:",
        ("tests/node/test_hearing_repeats.py::test_one_vote_under_many_signatures",),
    ),
    Guard(
        "cosignatures ahead of our log are of few peers",
        NODE + "cosigning.py",
        "if sender not in self._early and len(self._early) >= MAX_EARLY_PEERS:",
        "if sender is None:",
        (_BOUNDS + "test_peers_that_cosign_what_is_not_here_yet",),
    ),
    Guard(
        "unproven records are of few peers",
        NODE + "unproven.py",
        "if sender not in self._rooms and len(self._rooms) >= MAX_PEERS:",
        "if sender is None:",
        (_BOUNDS + "test_unproven_records_of_one_peer_and_of_many",),
    ),
    Guard(
        "unread answers are bounded",
        NODE + "http/unread.py",
        "while self.size > self._limit and len(self._held) > 1:",
        "while self.size < 0:",
        ("tests/node/test_http_unread.py::test_of_too_many_unread_answers_the_oldest_are_given_up",),
    ),
    Guard(
        "a piece of a snapshot is what its hash says",
        NODE + "storage/snapshot.py",
        "if len(data) != piece.size or sha256(data).digest() != piece.hash:",
        "if data is None:",
        (_LIES,),
    ),
    Guard(
        "the seal of a snapshot is final",
        NODE + "storage/snapshot.py",
        "    check_certificate(network, members, certificate)\n",
        "",
        (_LIES,),
    ),
    Guard(
        "the rows of a snapshot have the root of its seal",
        NODE + "joining.py",
        "    if found != expected:\n",
        '    if found == b"":\n',
        (_LIES,),
    ),
    Guard(
        "an old program stops before a version it does not know",
        NODE + "epochs.py",
        "        check_version(base.protocol, base.epoch_first)\n",
        "",
        (
            "tests/node/test_epochs.py::test_a_version_nobody_knows_stops_every_node_after_the_last_block_it_understands",
        ),
    ),
    Guard(
        "four members remain",
        LEDGER + "domain/epochs.py",
        "if not MIN_SEATS <= len(nodes) <= MAX_MEMBERS:",
        "if len(nodes) < 0:",
        (_SEAT + "test_t42_four_members_remain",),
    ),
    Guard(
        "a quorum stays with its keys",
        LEDGER + "domain/epochs.py",
        "if len(staying) < members.quorum:",
        "if len(staying) < 0:",
        (_SEAT + "test_t42_a_quorum_goes_on_with_its_keys",),
    ),
)
