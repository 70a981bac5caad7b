"""Guards of catching up: what was read ahead, elsewhere and together is believed no further than block by block."""

from __future__ import annotations

from typing import Final

from guards.guard import LEDGER, NODE, Guard

_RANGES: Final = "tests/node/test_ranges.py::"
_BULK: Final = "tests/ledger/test_bulk.py::"
_SYNC: Final = "tests/node/test_sync.py::"
_STRETCH: Final = "tests/node/test_store_stretch.py::"

CATCHING: Final = (
    Guard(
        "a range continues the chain",
        NODE + "ranges.py",
        "        if sealed.seal.parent != after.seal or sealed.seal.height != after.height + 1:\n            break\n",
        "",
        (_RANGES + "test_a_range_is_cut_at_the_first_seal_that_does_not_continue_the_chain",),
    ),
    Guard(
        "the records of a range are those that were sealed",
        NODE + "ranges.py",
        "        if body_hash(names) != sealed.seal.body_hash:\n            break\n",
        "",
        (
            _RANGES + "test_reading_ends_before_a_body_that_was_not_sealed",
            _SYNC + "test_a_liar_costs_one_answer_and_the_next_peer_serves[forged]",
        ),
    ),
    Guard(
        "a range is covered by a certificate that verifies",
        NODE + "fetching.py",
        "                if not self._certify(offered):\n",
        "                if offered.epoch < 0:\n",
        (_SYNC + "test_a_forged_certificate_covers_nothing_and_ends_the_link",),
    ),
    Guard(
        "a signature checked ahead is one that verifies",
        NODE + "ranges.py",
        "            if verifies(public, message, signature):\n",
        "            if len(signature) == 64:\n",
        (_SYNC + "test_a_bad_signature_under_a_finalization_is_a_contradiction",),
    ),
    Guard(
        "a value decoded with others has the one canonical encoding",
        LEDGER + "bulk.py",
        "        if not same:\n",
        "        if len(found) != len(raws):\n",
        (_BULK + "test_the_same_bytes_with_other_borders_are_refused",),
    ),
    Guard(
        "a text decoded with others is of its pattern",
        LEDGER + "bulk.py",
        "                msgspec.convert(list({getattr(value, name) for value in found}), good)\n",
        "                name, good = name, good\n",
        (_BULK + "test_a_body_with_a_bad_text_is_refused_whatever_its_kind[credential_issue]",),
    ),
    Guard(
        "a signature checked ahead stands for itself alone",
        NODE + "signatures.py",
        "(public, message, signature) in self._good or",
        "bool(self._good) or",
        (_SYNC + "test_a_bad_signature_under_a_finalization_is_a_contradiction",),
    ),
    Guard(
        "blocks to be written together are noted before",
        NODE + "storage/store.py",
        "                self._intents.note(begin, end)\n",
        "                pass\n",
        (_STRETCH + "test_a_death_between_log_and_database_takes_them_all_back",),
    ),
    Guard(
        "only what was noted for this floor may stand beyond it",
        NODE + "storage/intents.py",
        "if noted == begin and begin <= end",
        "if begin <= end",
        (_STRETCH + "test_blocks_that_nobody_meant_to_write_are_a_loss_of_the_database",),
    ),
    Guard(
        "files written together are synced before they have their names",
        NODE + "storage/durable.py",
        "        for file in opened:\n            sync_file(file.fileno())\n",
        "",
        ("tests/node/test_durable.py::test_none_has_its_name_when_one_cannot_be_synced",),
    ),
    Guard(
        "a bundle is there for sure before the tail it has outgrown goes",
        NODE + "storage/logfiles.py",
        "        for folder in folders:\n            sync_directory(folder)\n        if outgrown",
        "        if outgrown",
        (
            (
                "tests/node/test_logfiles.py"
                "::test_a_death_at_any_place_of_a_long_append_loses_nothing_below_the_floor"
            ),
        ),
    ),
)
