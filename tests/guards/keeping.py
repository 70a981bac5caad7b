"""Guards of what is written before it is said, of what a block must be, and of replay."""

from __future__ import annotations

from typing import Final

from guards.guard import CORE, LEDGER, NODE, Guard

KEEPING: Final = (
    # -- durable before said, and said again
    Guard(
        "notarize is durable before it is sent",
        CORE + "turn.py",
        '        self._speech.persist(proposed, self._speech.voted(view, "notarize"))\n'
        '        self._speech.say(view, "notarize")\n',
        '        self._speech.say(view, "notarize")\n'
        '        self._speech.persist(proposed, self._speech.voted(view, "notarize"))\n',
        (
            "tests/ledger/test_consensus_core.py::test_rule_1_the_leader_builds_then_persists_then_proposes",
            "tests/ledger/test_consensus_core.py::test_rule_2_execute_then_persist_then_notarize",
        ),
    ),
    Guard(
        "nullify is durable before it is sent",
        CORE + "turn.py",
        '        self._speech.persist(self._speech.voted(view, "nullify"))\n'
        '        self._speech.say(view, "nullify")\n',
        '        self._speech.say(view, "nullify")\n'
        '        self._speech.persist(self._speech.voted(view, "nullify"))\n',
        ("tests/ledger/test_consensus_core.py::test_rule_6_a_timer_nullifies_and_says_so_again",),
    ),
    Guard(
        "finalize is durable with its notarization",
        CORE + "core.py",
        'records.append(self._speech.voted(view, "finalize"))',
        "records.clear()",
        ("tests/ledger/test_consensus_ending.py::test_after_a_restart_the_change_is_still_proposed_again",),
    ),
    Guard(
        "a restart takes back its votes",
        CORE + "restore.py",
        "held.own[record.kind] = record.seal",
        "pass",
        ("tests/ledger/test_consensus_restore.py::test_a_notarize_is_said_again_and_never_another",),
    ),
    Guard(
        "a restart takes back its certificates",
        CORE + "restore.py",
        "            _take_in(record, chain)\n",
        "            pass\n",
        ("tests/ledger/test_consensus_ending.py::test_after_a_restart_the_change_is_still_proposed_again",),
    ),
    Guard(
        "a restart says again what is unanswered",
        CORE + "core.py",
        "        for view, kind in restored.unanswered(chain):\n            self._speech.say(view, kind)\n",
        "",
        ("tests/ledger/test_consensus_restore.py::test_a_notarize_is_said_again_and_never_another",),
    ),
    Guard(
        "a nullify is said again",
        CORE + "turn.py",
        '        self._speech.say(view, "nullify")\n        self._speech.timer(',
        '        self._speech.say(view, "nullify")\n        (lambda *_: None)(',
        ("tests/ledger/test_consensus_core.py::test_rule_6_a_timer_nullifies_and_says_so_again",),
    ),
    Guard(
        "the driver writes before it sends",
        NODE + "driver.py",
        "await self._on.journal.write(records)",
        "self._spawn(self._on.journal.write(records))",
        ("tests/node/test_driver_guards.py::test_nothing_is_sent_while_the_journal_is_not_written",),
    ),
    Guard(
        "a body is journaled with its proposal",
        NODE + "driver.py",
        "records.append(self._body_record(record))",
        "pass",
        (
            "tests/node/test_driver_guards.py::test_the_body_stands_in_the_journal_before_the_seal_that_was_voted_on",
        ),
    ),
    Guard(
        "the journal is synced",
        NODE + "wal.py",
        "        self._disk.append(_segment_name(self._number), frame)\n"
        "        self._disk.sync(_segment_name(self._number))\n",
        "        self._disk.append(_segment_name(self._number), frame)\n",
        ("tests/node/test_wal.py::test_dying_at_every_boundary_keeps_what_was_acknowledged",),
    ),
    Guard(
        "a new segment's name is synced",
        NODE + "wal.py",
        "self._disk.rename(_TEMPORARY, _segment_name(number))\n        self._disk.sync_directory()\n",
        "self._disk.rename(_TEMPORARY, _segment_name(number))\n",
        ("tests/node/test_wal.py::test_dying_at_every_boundary_keeps_what_was_acknowledged",),
    ),
    Guard(
        "what a restart reads is made durable",
        NODE + "wal.py",
        "        if last:\n            self._disk.sync(name)\n            self._disk.sync_directory()\n",
        "",
        ("tests/node/test_simulate_boundaries.py::test_a_death_at_some_places_breaks_nothing",),
    ),
    Guard(
        "damage before the tail stops the node",
        NODE + "wal.py",
        "            if not last:\n",
        "            if name is None:\n",
        ("tests/node/test_wal.py::test_what_follows_the_last_record_of_an_older_segment_is_no_torn_write",),
    ),
    Guard(
        "no writing after the disk failed",
        NODE + "wal.py",
        "        if self._failed:\n",
        "        if self._failed is None:\n",
        ("tests/node/test_wal.py::test_a_disk_that_failed_is_not_written_again",),
    ),
    # -- what a block must be
    Guard(
        "roots are compared before a vote",
        LEDGER + "execute.py",
        'for name in ("count", "body_hash", "log_root", "state_root"):',
        'for name in ("count", "body_hash"):',
        ("tests/ledger/test_execute.py::test_every_field_of_the_seal_is_checked",),
    ),
    Guard(
        "a seal says nothing but what follows",
        LEDGER + "execute.py",
        "if done.sealed.entry != sealed.entry:",
        "if done.sealed.entry is None:",
        ("tests/ledger/test_execute.py::test_another_encoding_of_the_seal",),
    ),
    Guard(
        "block time never goes back",
        LEDGER + "execute.py",
        "if seal.time < parent.time:",
        "if seal.time < 0:",
        ("tests/ledger/test_execute.py::test_every_field_of_the_seal_is_checked",),
    ),
    Guard(
        "a certified block that is invalid here halts",
        CORE + "core.py",
        "if verdict is Verdict.INVALID and self._memory.chain.certified(view) == seal:",
        "if verdict is None:",
        ("tests/ledger/test_consensus_core.py::test_a_certified_block_that_we_find_invalid_stops_the_node",),
    ),
    Guard(
        "a transaction expires",
        LEDGER + "domain/pipeline.py",
        "if tx.expires <= time:",
        "if tx.expires <= 0:",
        ("tests/ledger/test_pipeline.py::test_expiry_window",),
    ),
    Guard(
        "a transaction lives an hour at most",
        LEDGER + "domain/pipeline.py",
        "if tx.expires > time + MAX_LIFETIME_SECONDS:",
        "if tx.expires < 0:",
        ("tests/ledger/test_pipeline.py::test_expiry_window",),
    ),
    Guard(
        "a transaction counts once",
        LEDGER + "domain/pipeline.py",
        "if is_duplicate(record.tx_id, record.tx.expires):",
        "if record.tx_id is None:",
        ("tests/ledger/test_pipeline.py::test_the_same_transaction_again",),
    ),
    Guard(
        "a body matches its seal",
        NODE + "bodies.py",
        "return body_hash([entry_hash(entry) for entry in entries]) == sealed.seal.body_hash",
        "return True",
        ("tests/node/test_body_matches.py::test_any_other_entries",),
    ),
    Guard(
        "the names of a body match its seal",
        NODE + "hearing.py",
        " and body_hash(hashes) == sealed.seal.body_hash",
        "",
        ("tests/node/test_body_matches.py::test_the_names_a_seal_commits_to_and_no_others",),
    ),
    Guard(
        "a vote's signature is checked",
        NODE + "hearing.py",
        "return self._on.cache(public, message, vote.signature)",
        "return bool(message)",
        ("tests/node/test_driver_guards.py::test_a_vote_that_its_member_did_not_sign_is_bad",),
    ),
    Guard(
        "a certificate is checked",
        NODE + "hearing.py",
        "return self._on.electorates.check(certificate)",
        "return True",
        (
            "tests/node/test_driver.py::test_certificates_with_a_member_twice_too_few_or_a_nullified_seal_are_bad",
        ),
    ),
    Guard(
        "a block ahead of our clock waits",
        NODE + "workshop.py",
        "            await self._wait_for_time(sealed)\n",
        "",
        (
            "tests/node/test_driver.py::test_a_block_from_the_future_is_waited_for_only_while_its_view_matters",
        ),
    ),
    # -- replay
    Guard(
        "replay counts a certificate's quorum",
        LEDGER + "replay.py",
        "if len(parties) < members.quorum:",
        "if len(parties) < 1:",
        ("tests/ledger/test_epoch_blocks.py::test_replay_names_a_bad_certificate",),
    ),
    Guard(
        "replay wants distinct members",
        LEDGER + "replay.py",
        "if parties != sorted(set(parties)):",
        "if parties != sorted(parties):",
        ("tests/ledger/test_epoch_blocks.py::test_replay_names_a_bad_certificate",),
    ),
    Guard(
        "replay knows the leader",
        LEDGER + "replay.py",
        "if seal.proposer != leader:",
        "if leader is None:",
        ("tests/ledger/test_epoch_blocks.py::test_replay_names_a_first_seal_that_says_something_else",),
    ),
    Guard(
        "replay compares the state root",
        LEDGER + "replay.py",
        'expected["state_root"] = executed.sealed.seal.state_root',
        "pass",
        ("tests/ledger/test_epoch_blocks.py::test_replay_names_a_first_seal_that_says_something_else",),
    ),
)
