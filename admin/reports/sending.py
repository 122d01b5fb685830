"""Whether a report may leave the office as it stands."""

from __future__ import annotations

from typing import ClassVar

from admin.reports.figures import Figures
from intake.errors import IntakeError


class ReportBlocked(IntakeError):
    """The report may not be sent as it stands. Values: reasons (the rules that block it)."""

    code: ClassVar[str] = "report-blocked"
    sentence: ClassVar[str] = "the report is blocked ({reasons}); a draft can be written"


def check_may_be_sent(figures: Figures, *, working_copy: bool, draft: bool) -> None:
    """Missing data stop every format, other blocking findings what is to be sent.

    Args:
        working_copy: JSON, which says itself what is wrong (`ready`, `findings`).
        draft: the document is marked as a draft on its first page.

    Raises:
        ReportBlocked: names the rules.
    """
    if draft:
        return
    if figures.missing or (figures.blocking and not working_copy):
        raise ReportBlocked(reasons="; ".join(found.line for found in figures.blocking))
