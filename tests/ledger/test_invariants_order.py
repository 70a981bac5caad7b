"""I14: the same history gives the same bytes whatever the order of maps and sets, and whatever the locale."""

from __future__ import annotations

import os
import subprocess
import sys

SAME_HISTORY = """
from stateful_world import Play
play = Play()
for account, batch, index in [("n1", "uu", 0), ("n3", "uu", 1), ("n5", "uu", 1), ("e1", "um", 2), ("e2", "um", 3)]:
    play.recognise(account, [(batch, index)])
play.revoke(play.own, 1, "reverse")
play.issue_again("uu-ds")
print(play.counter["ok"], play.seal().done.sealed.seal.state_root.hex())
"""


def test_i14_neither_hash_seed_nor_locale_says_anything() -> None:
    """The same history in processes of their own: sets and maps come in another order there."""
    said = set()
    for seed, locale in (("1", "C"), ("2", "tr_TR.UTF-8"), ("3", "C.UTF-8")):
        environment = os.environ | {
            "PYTHONHASHSEED": seed,
            "LC_ALL": locale,
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        done = subprocess.run(
            [sys.executable, "-c", SAME_HISTORY], env=environment, capture_output=True, timeout=60, check=True
        )
        said.add(done.stdout.decode())
    assert len(said) == 1, said
    assert said.pop().split()[0] == "7"
