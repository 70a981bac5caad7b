"""Guards of the short way to judge a bundle: what fits a pattern is as good as the first, and nothing else is."""

from __future__ import annotations

from typing import Final

from guards.guard import Guard

_VERIFY: Final = "client/accord_client/verify/"
_TESTS: Final = "tests/client/test_batch_pattern.py::"

JUDGING: Final = (
    Guard(
        "a like bundle is the same bytes around its gaps",
        _VERIFY + "gapped_text.py",
        "            if not data.startswith(text, at):\n                return None\n",
        "",
        (_TESTS + "test_one_bit_of_what_is_shared_is_not_passed_over",),
    ),
    Guard(
        "a like bundle has nothing after its last gap but the rest",
        _VERIFY + "gapped_text.py",
        "len(data) - at == len(self.rest) and data.endswith(self.rest)",
        "data.endswith(self.rest)",
        (_TESTS + "test_nothing_may_stand_between_the_last_gap_and_the_rest",),
    ),
    Guard(
        "a like bundle spells its index as JSON does",
        _VERIFY + "batch_pattern.py",
        "    if not _INDEX.fullmatch(text):\n        raise OtherShapeError\n",
        "",
        (_TESTS + "test_an_index_has_one_spelling",),
    ),
    Guard(
        "a like bundle spells its hashes as a bundle does",
        _VERIFY + "batch_pattern.py",
        "    if not _HASH.fullmatch(text):\n        raise OtherShapeError\n",
        "",
        (_TESTS + "test_a_hash_has_one_spelling",),
    ),
    Guard(
        "a like bundle spells its path as a bundle does",
        _VERIFY + "batch_pattern.py",
        "    if not _PATH.fullmatch(text):\n        raise OtherShapeError\n",
        "",
        (_TESTS + "test_a_path_has_one_spelling",),
    ),
    Guard(
        "a like bundle is on the same page of statuses",
        _VERIFY + "batch_pattern.py",
        "        if index // PAGE != self.first.index // PAGE:\n            raise OtherShapeError\n",
        "",
        (_TESTS + "test_the_statuses_of_another_page_say_nothing",),
    ),
    Guard(
        "nothing has happened to a like bundle",
        _VERIFY + "batch_pattern.py",
        "any(start <= index < end for start, end in self.touched)",
        "False",
        (_TESTS + "test_a_touched_credential_is_judged_in_full_and_others_beside_it_are_not_held_up",),
    ),
    Guard(
        "a like bundle proves its own row absent",
        _VERIFY + "batch_pattern.py",
        "key_text != key.hex().encode() or ",
        "",
        (_TESTS + "test_parts_of_another_credential_do_not_pass",),
    ),
    Guard(
        "the row of a like bundle is proved absent",
        _VERIFY + "batch_pattern.py",
        "        check_value(self.root, key, None, proof.decode())\n",
        "",
        (_TESTS + "test_one_bit_of_what_is_shared_is_not_passed_over",),
    ),
    Guard(
        "values of a like bundle ascend",
        _VERIFY + "batch_pattern.py",
        "any(item.key >= key for item in before) or any(item.key <= key for item in after)",
        "False",
        (_TESTS + "test_values_stay_in_their_order",),
    ),
    Guard(
        "a like bundle stands at its place in the batch",
        _VERIFY + "batch_pattern.py",
        "        self._check_place(bundle)\n",
        "",
        (_TESTS + "test_parts_of_another_credential_do_not_pass",),
    ),
    Guard(
        "a like badge names its credential, holder and position",
        _VERIFY + "batch_pattern.py",
        "value == expected[role] if role <= Role.POSITION",
        "True if role <= Role.POSITION",
        (_TESTS + "test_what_an_issuer_committed_to_is_judged_all_the_same",),
    ),
    Guard(
        "a like badge has its form",
        _VERIFY + "batch_pattern.py",
        "else _FORMS[role](value)",
        "else True",
        (_TESTS + "test_what_an_issuer_committed_to_is_judged_all_the_same",),
    ),
    Guard(
        "a like badge is signed",
        _VERIFY + "batch_pattern.py",
        "if lines is None or not verifies(self.public, self.config + sha256(lines).digest(), signature):",
        "if lines is None:",
        (_TESTS + "test_what_an_issuer_committed_to_is_judged_all_the_same",),
    ),
    Guard(
        "a like token is judged as the first was",
        _VERIFY + "batch_pattern.py",
        "judged_token(bundle, document, self.facts, self.at) != known",
        "False",
        (_TESTS + "test_disclosures_are_judged_though_no_commitment_covers_them",),
    ),
    Guard(
        "only a good bundle makes a pattern",
        _VERIFY + "pattern_making.py",
        'undone - {"freshness"}',
        "False",
        (_TESTS + "test_what_an_issuer_committed_to_is_judged_all_the_same",),
    ),
    Guard(
        "a pattern holds for one pin, time and freshness",
        _VERIFY + "known_batches.py",
        "            self._patterns.clear()\n",
        "",
        (_TESTS + "test_another_pin_time_or_freshness_forgets_what_was_known",),
    ),
)
