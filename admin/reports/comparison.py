"""Comparing with the same period of last year: what may be said, and how."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from admin.reports.numbers import percent
from intake.counting.rules import counting_rules


@dataclass(frozen=True)
class Change:
    """A number beside its baseline. `percent` is "" where the base is too small to carry one."""

    now: int | Decimal
    before: int | Decimal
    percent: str

    @property
    def difference(self) -> int | Decimal:
        """`now` less `before`."""
        return self.now - self.before

    @property
    def phrase(self) -> str:
        """Key of the phrase that says it: none, from_zero, equal, more, less, to_zero."""
        if not self.before:
            return "from_zero" if self.now else "none"
        if not self.now:
            return "to_zero"
        if self.now == self.before:
            return "equal"
        return "more" if self.now > self.before else "less"


def change(now: int | Decimal, before: int | Decimal | None) -> Change | None:
    """The comparison; None where there is nothing comparable."""
    if before is None:
        return None
    small = before < counting_rules().smallest_base
    return Change(now, before, "" if small else percent(abs(Decimal(now) - before), before))
