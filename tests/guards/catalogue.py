"""The guards that safety rests on, one by one.

A guard is taken away by a change of text that must match exactly once, so that a guard which moves or is
reworded is missed here and not forgotten.
"""

from __future__ import annotations

from typing import Final

from guards.catching import CATCHING
from guards.guard import Guard
from guards.hosting import HOSTING
from guards.judging import JUDGING
from guards.keeping import KEEPING
from guards.meeting import MEETING
from guards.voting import VOTING

GUARDS: Final[tuple[Guard, ...]] = (*VOTING, *KEEPING, *JUDGING, *HOSTING, *CATCHING, *MEETING)
