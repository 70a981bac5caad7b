"""The machine's clock behind the seam."""

from __future__ import annotations

import time


class SystemClock:
    """See :class:`accord_node.seams.Clock`."""

    def now(self) -> int:
        """UTC seconds since 1970; jumps when the machine's clock is set."""
        return int(time.time())

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()
