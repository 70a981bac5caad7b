"""Conversion rules an agreement may hold: a closed union of rule structs, one file per kind."""

from __future__ import annotations

from accord_ledger.domain.rules.admission import Admission
from accord_ledger.domain.rules.bundle import Bundle
from accord_ledger.domain.rules.course_substitution import CourseSubstitution
from accord_ledger.domain.rules.evidence import Evidence
from accord_ledger.domain.rules.fixed_ratio import FixedRatio
from accord_ledger.domain.rules.hours_ratio import HoursRatio

Rule = Admission | Bundle | CourseSubstitution | Evidence | FixedRatio | HoursRatio
"""Every rule kind; the field ``kind`` tells which."""

__all__ = ["Admission", "Bundle", "CourseSubstitution", "Evidence", "FixedRatio", "HoursRatio", "Rule"]
