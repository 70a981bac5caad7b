"""Which codes of the rules a test run gave: after the whole suite of the rules, each must have been given.

A rejection counts where the ledger itself makes it, and a warning where a receipt carries it. With several
workers each sends what it saw. After a part of the suite nothing is said about codes, but that it was a part.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest

from accord_client.codes.catalogue import catalogue
from accord_ledger.errors import AccordError, Rejection

_SUITE: Final = Path(__file__).resolve().parent / "ledger"
_KEY: Final = "raised_codes"


class RaisedCodes:
    """The pytest plugin.

    Attributes:
        seen: codes given in this process, and after the run those of all workers.
        missing: codes of the rules that no test of a whole run gave.
        told: what is said at the end; empty where nothing is.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._suite = {path.name for path in _SUITE.glob("test_*.py")}
        self._files: set[str] = set()
        self._left_out = 0
        self.seen: set[str] = set()
        self.missing: list[str] = []
        self.told = ""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self) -> None:
        """Listen from here on: what tests give, not what modules do when they are imported."""
        _listen(self.seen)

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Count tests of the suite that were left out."""
        self._left_out += sum(_SUITE in item.path.parents for item in items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember the files that ran."""
        self._files.add(report.nodeid.partition("::")[0])

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """A worker ended: take what it saw."""
        del error
        self.seen.update(getattr(node, "workeroutput", {}).get(_KEY, ()))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send to the controller, or judge."""
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[_KEY] = sorted(self.seen)
            return
        if not any("ledger/test_" in name for name in self._files) or self._config.option.collectonly:
            return
        if not self._whole():
            self.told = "not judged: only a part of tests/ledger ran"
            return
        self.missing = missing(self.seen)
        self.told = "every code of the rules was given" if not self.missing else "given by no test:"
        if self.missing and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say which codes no test gave, or that it was not looked at."""
        if self.told:
            terminalreporter.write_line(f"codes of the rules: {self.told} {' '.join(self.missing)}".rstrip())

    def _whole(self) -> bool:
        names = {Path(name).name for name in self._files if Path(name).parent.name == "ledger"}
        chosen = any("::" in argument for argument in self._config.args) or self._left_out
        return not chosen and names >= self._suite


def missing(seen: set[str]) -> list[str]:
    """Codes of the rules, and warnings, that are not among those seen."""
    rules = [code for code, text in catalogue().items() if text.family.area == "domain"]
    return [code for code in rules if code not in seen]


def _made_by_the_ledger(frame: FrameType | None) -> bool:
    """Whether the code that makes an error, past the constructors of the error itself, is the ledger's."""
    while frame is not None and frame.f_globals.get("__name__") == AccordError.__module__:
        frame = frame.f_back
    return frame is not None and str(frame.f_globals.get("__name__")).startswith("accord_ledger.")


def _listen(seen: set[str]) -> None:
    """Note what the ledger rejects, and what its receipts warn of, from now on."""
    told = AccordError.__init__

    def reject(self: AccordError, code: str, detail: str = "", *, path: str = "") -> None:
        if isinstance(self, Rejection) and _made_by_the_ledger(sys._getframe(1)):
            seen.add(code)
        told(self, code, detail, path=path)

    setattr(AccordError, "__init__", reject)  # noqa: B010 - assigning to a method is what is meant
    if (execute := sys.modules.get("accord_ledger.execute")) is None:
        return
    add = execute.Execution.add

    def warn(self: Any, prepared: Any) -> Any:
        receipt = add(self, prepared)
        seen.update(warning.partition("(")[0] for warning in receipt.warnings)
        return receipt

    setattr(execute.Execution, "add", warn)  # noqa: B010 - as above
