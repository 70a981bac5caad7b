"""Small cells hidden, and one more where a total would tell the first (DOMAIN.md 3; ``k_min_cell``).

A count of people below the limit could point at somebody, so it is not shown. Where a total of the same
table is shown and exactly one cell is hidden, the total minus the others would give it away: the smallest
of the others is hidden as well. Zero is hidden too, since "nobody" is a statement about everybody there.
"""

from __future__ import annotations

from collections.abc import Sequence


def shown_cells(counts: Sequence[int], least: int, *, total_shown: bool = True) -> list[bool]:
    """Which of the counts may be shown.

    Args:
        counts: people in each cell.
        least: ``k_min_cell``: a cell with fewer is hidden.
        total_shown: the sum of the cells is known, from this table or another.
    """
    shown = [count >= least for count in counts]
    hidden = [place for place, good in enumerate(shown) if not good]
    others = [place for place, good in enumerate(shown) if good]
    # What is hidden together may not be told by the total either: its sum must reach the limit too.
    if total_shown and hidden and others and (len(hidden) == 1 or sum(counts[p] for p in hidden) < least):
        shown[min(others, key=lambda place: (counts[place], place))] = False
    return shown
