"""Profiles and markers that all tests share."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from acceptance.green import pytest_terminal_summary
from passwords import promised_cost, quick_passwords
from raised_codes import RaisedCodes
from tiers import pytest_collection_modifyitems

__all__ = ["promised_cost", "pytest_collection_modifyitems", "pytest_terminal_summary", "quick_passwords"]

settings.register_profile("everyday", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("everyday"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "everyday")


def pytest_configure(config: pytest.Config) -> None:
    """Note which codes of the rules the tests give."""
    config.pluginmanager.register(RaisedCodes(config))
