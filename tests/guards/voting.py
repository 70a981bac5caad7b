"""Guards of quorums, of what one member may say, of what a proposal must be, and of the end of an epoch."""

from __future__ import annotations

from typing import Final

from guards.guard import CORE, LEDGER, Guard

VOTING: Final = (
    # -- quorums and certificates
    Guard(
        "quorum is n - f, not 2f + 1",
        LEDGER + "block.py",
        "return self.size - self.faults",
        "return 2 * self.faults + 1",
        (
            "tests/ledger/test_consensus_core.py::test_rule_3_five_members_need_four_votes",
            "tests/ledger/test_certificates.py::test_n_less_f_members_are_a_quorum_and_fewer_are_not",
        ),
    ),
    Guard(
        "a certificate has distinct members",
        LEDGER + "block.py",
        "if parties != sorted(set(parties)):",
        "if parties != sorted(parties):",
        ("tests/ledger/test_certificates.py::test_a_member_counts_once",),
    ),
    Guard(
        "a certificate has a quorum",
        LEDGER + "block.py",
        "if len(parties) < members.quorum:",
        "if len(parties) < members.quorum - 1:",
        ("tests/ledger/test_certificates.py::test_n_less_f_members_are_a_quorum_and_fewer_are_not",),
    ),
    Guard(
        "a certificate's votes are signed",
        LEDGER + "block.py",
        "if not verifies(public, message, signature):",
        "if not signature:",
        ("tests/ledger/test_certificates.py::test_one_bad_signature_spoils_it",),
    ),
    Guard(
        "a certificate is of its epoch",
        LEDGER + "block.py",
        "if certificate.epoch != members.epoch:",
        "if certificate.epoch < 0:",
        ("tests/ledger/test_certificates.py::test_a_certificate_of_another_epoch",),
    ),
    Guard(
        "the epoch is signed",
        LEDGER + "block.py",
        'message(network, epoch.to_bytes(4, "big"),',
        "message(network, bytes(4),",
        ("tests/ledger/test_certificates.py::test_a_nullify_of_the_last_epoch_is_none_of_this",),
    ),
    Guard(
        "the view is signed",
        LEDGER + "block.py",
        'view.to_bytes(8, "big"), seal)',
        "bytes(8), seal)",
        ("tests/ledger/test_certificates.py::test_a_vote_binds_epoch_view_kind_seal_and_network",),
    ),
    Guard(
        "each kind of vote has its own tag",
        LEDGER + "block.py",
        "return _VOTE_TAGS[kind].message(",
        'return _VOTE_TAGS["notarize"].message(',
        ("tests/ledger/test_certificates.py::test_a_vote_binds_epoch_view_kind_seal_and_network",),
    ),
    Guard(
        "one place per member and kind",
        CORE + "votes.py",
        "if place not in self._places:",
        "if vote.signature:",
        (
            "tests/ledger/test_consensus_help.py::test_rule_8_the_second_of_two_contradicting_votes_does_not_count",
        ),
    ),
    Guard(
        "two outcomes of one view halt",
        CORE + "core.py",
        "if standing is Standing.CONFLICT:",
        "if standing is None:",
        ("tests/ledger/test_consensus_core.py::test_two_certificates_that_exclude_each_other_stop_the_node",),
    ),
    # -- what one member may say
    Guard(
        "no nullify after finalize",
        CORE + "memory.py",
        'return "nullify" not in own and "finalize" not in own and',
        'return "nullify" not in own and',
        (
            "tests/ledger/test_consensus_guards.py::test_a_finalize_alone_in_the_journal_still_excludes_nullify",
        ),
    ),
    Guard(
        "no finalize after nullify",
        CORE + "memory.py",
        'spoken = "nullify" in held.own or "finalize" in held.own',
        'spoken = "finalize" in held.own',
        ("tests/ledger/test_consensus_core.py::test_rule_3_no_finalize_after_our_nullify",),
    ),
    Guard(
        "no finalize where the leader equivocated",
        CORE + "memory.py",
        "return not (spoken or held.leader_equivocated or",
        "return not (spoken or",
        ("tests/ledger/test_consensus_core.py::test_rule_3_no_finalize_once_the_leader_equivocated",),
    ),
    Guard(
        "one notarize per view",
        CORE + "turn.py",
        "if sealed is None or held.own or not memory.may_vote",
        'if sealed is None or held.own.get("notarize") == sealed.hash or not memory.may_vote',
        ("tests/model/test_traces.py::test_every_step_is_one_the_models_allow",),
    ),
    Guard(
        "no proposal after a vote",
        CORE + "turn.py",
        "not held.building or held.own or",
        "not held.building or",
        ("tests/ledger/test_consensus_core.py::test_rule_1_a_block_built_too_late_is_not_proposed",),
    ),
    Guard(
        "the first proposal stands",
        CORE + "core.py",
        "            if held.proposal is None:\n                held.proposal, held.proposal_vote",
        "            if held is not None:\n                held.proposal, held.proposal_vote",
        ("tests/ledger/test_consensus_core.py::test_rule_2_only_the_first_proposal_counts",),
    ),
    Guard(
        "abstain after a restore",
        CORE + "memory.py",
        "view > final >= self.abstain_through",
        "view > final",
        ("tests/ledger/test_consensus_restore.py::test_a_vote_of_ours_that_we_do_not_know_makes_us_abstain",),
    ),
    Guard(
        "a vote of ours that we do not know",
        CORE + "core.py",
        "if self._memory.disowns(vote):",
        "if vote is None:",
        ("tests/ledger/test_consensus_restore.py::test_a_vote_of_ours_that_we_do_not_know_makes_us_abstain",),
    ),
    Guard(
        "evidence of nullify and finalize",
        CORE + "evidence.py",
        'return {first.kind, second.kind} == {"nullify", "finalize"}',
        "return False",
        ("tests/ledger/test_consensus_help.py::test_rule_8_contradiction_is_accused_once",),
    ),
    # -- what a proposal must be
    Guard(
        "every view between is nullified",
        CORE + "proposals.py",
        "return chain.missing(parent_view, view) or Verdict.VALID",
        "return Verdict.VALID",
        (
            "tests/ledger/test_consensus_core.py::test_rule_2_a_proposal_waits_for_the_nullifications_its_parent_needs",
        ),
    ),
    Guard(
        "the parent is the certified seal",
        CORE + "proposals.py",
        "        if certified != parent:\n            return Verdict.INVALID\n",
        "",
        ("tests/ledger/test_consensus_epoch.py::test_anything_else_is_nullified",),
    ),
    Guard(
        "the parent is certified here",
        CORE + "proposals.py",
        "        if certified is None:\n            return Gap(parent_view, parent_view)\n",
        "        if certified is None:\n            certified = parent\n",
        ("tests/ledger/test_consensus_guards.py::test_a_parent_that_is_not_certified_here_is_asked_for",),
    ),
    Guard(
        "no parent below finality",
        CORE + "proposals.py",
        "if parent_view < chain.final.view:",
        "if parent_view < 0:",
        ("tests/ledger/test_consensus_core.py::test_rule_2_a_proposal_beside_finality_is_invalid",),
    ),
    Guard(
        "a seal is by its view's leader",
        CORE + "proposals.py",
        " or seal.proposer != members.leader(seal.view):",
        ":",
        ("tests/ledger/test_consensus_core.py::test_rule_2_a_seal_of_somewhere_else_is_invalid",),
    ),
    Guard(
        "a seal is of this network, epoch and set",
        CORE + "proposals.py",
        "if (seal.network, seal.epoch, seal.members) != (self._network, members.epoch, self._digest):",
        "if seal.network is None:",
        ("tests/ledger/test_consensus_core.py::test_rule_2_a_seal_of_somewhere_else_is_invalid",),
    ),
    Guard(
        "a proposal is its leader's notarize",
        CORE + "core.py",
        'if (vote.kind, vote.seal, vote.member) != ("notarize", sealed.hash, leader):',
        'if (vote.kind, vote.seal, leader) != ("notarize", sealed.hash, leader):',
        (
            "tests/ledger/test_consensus_core.py::test_rule_2_a_relay_that_lies_about_the_leader_achieves_nothing",
        ),
    ),
    Guard(
        "votes of this epoch and its members only",
        CORE + "memory.py",
        "if vote.epoch != self.members.epoch or vote.member not in self.parties:",
        "if vote.member not in self.parties:",
        ("tests/ledger/test_consensus_ending.py::test_others_than_members_and_other_epochs_get_nothing",),
    ),
    Guard(
        "certificates of this epoch only",
        CORE + "core.py",
        "certificate is None or certificate.epoch != self._members.epoch:",
        "certificate is None:",
        ("tests/ledger/test_consensus_epoch.py::test_it_extends_the_last_seal_with_its_finalization",),
    ),
    Guard(
        "votes inside the window only",
        CORE + "memory.py",
        "return self.lowest <= view <= self.view + self.config.ahead",
        "return self.lowest <= view",
        ("tests/ledger/test_consensus_help.py::test_rule_7_votes_outside_the_window_leave_no_trace",),
    ),
    Guard(
        "an empty block at the depth bound",
        CORE + "turn.py",
        "empty_only = depth >= self._config.depth",
        "empty_only = depth < 0",
        (
            "tests/ledger/test_consensus_core.py::test_rule_1_at_the_bound_of_unfinalised_blocks_only_empty_ones_are_built",
        ),
    ),
    # -- the end of an epoch
    Guard(
        "nothing follows the end of an epoch",
        CORE + "ending.py",
        "        if self.holds(sealed.seal.parent):\n            return True\n",
        "",
        ("tests/ledger/test_consensus_ending.py::test_nothing_is_voted_for_that_follows_it",),
    ),
    Guard(
        "only an end is proposed again",
        CORE + "ending.py",
        "return executed and sealed.seal.view != view and not self.holds(sealed.hash)",
        "return False",
        (
            "tests/ledger/test_consensus_core.py::test_rule_2_only_a_seal_that_ends_the_epoch_is_proposed_again",
        ),
    ),
    Guard(
        "an epoch that ended is over",
        CORE + "ending.py",
        "self.over = self.over or self.holds(seal)",
        "self.over = False",
        ("tests/ledger/test_consensus_ending.py::test_it_is_over_when_the_seal_is_final",),
    ),
    Guard(
        "a new epoch rests on a finalization",
        LEDGER + "execute.py",
        'if parent.ends_epoch and certificate.kind != "finalize":',
        "if parent.ends_epoch and certificate is None:",
        ("tests/ledger/test_epoch_blocks.py::test_the_first_block_of_an_epoch",),
    ),
)
