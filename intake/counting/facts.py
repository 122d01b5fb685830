"""What is counted, as frozen rows: visits, reception days, stays of petitions, decisions, entries.

A fact carries no name, no address and no text of a citizen: numbers can be traced to records
without opening anything sealed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

REGIMES = ("regular", "periodic", "ad_hoc")  # thường xuyên, định kỳ, đột xuất
RECEIVERS = ("staff", "head", "delegate")  # cán bộ tiếp công dân, thủ trưởng, người được ủy quyền
COMPLAINTS = ("KN", "KN_KL")
DENUNCIATIONS = ("TC",)
PROPOSALS = ("KNPA",)


@dataclass(frozen=True)
class VisitFact:
    """One reception visit (lượt tiếp). `people` ≥ 1; `cases`: uids of its cases (vụ việc).

    `group_threshold`: from how many people on the office took it for a large group.
    """

    uid: str
    agency: str
    on: date
    regime: str
    received_by: str
    people: int
    large_group: bool
    cases: tuple[str, ...]
    online: bool = False
    group_threshold: int = 5


@dataclass(frozen=True)
class DayFact:
    """One announced reception day. `held` None: nobody has recorded yet whether it took place."""

    uid: str
    agency: str
    on: date
    regime: str
    chair: str
    held: bool | None
    nobody_came: bool | None


@dataclass(frozen=True)
class HandlingFact:
    """One petition's stay at one agency, with what its counting depends on.

    `case`: uid of its case, or the reference where the petition stands alone. `legal_on`: from
    when it is a petition in law, None while it is only a message. `accepted`, `withdrawn`: days of
    those events.
    """

    reference: str
    agency: str
    kind: str
    instance: int
    fields: tuple[str, ...]
    case: str
    source: str
    message_on: date
    legal_on: date | None
    received_on: date
    processed_on: date | None
    eligible: bool | None
    competent: bool | None
    outcome: str | None
    accepted: tuple[date, ...] = ()
    withdrawn: tuple[date, ...] = ()


@dataclass(frozen=True)
class AnswerFact:
    """A decision, conclusion or reply. `remedies`: amounts by name (million đồng, land in m²)."""

    id: int
    reference: str
    agency: str
    kind: str
    on: date
    instance: int
    verdict: str | None
    remedies: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EntryFact:
    """An entry of the register: a document, dialogue, training, inspection, enforcement …"""

    uid: str
    agency: str
    entry: str
    on: date
    values: Mapping[str, Any]


@dataclass(frozen=True)
class OverdueFact:
    """A petition whose term for settling ended unmet; `case` as in `HandlingFact`."""

    reference: str
    agency: str
    kind: str
    case: str
    due: date


@dataclass(frozen=True)
class Facts:
    """Everything the numbers of a period are made of, for the agencies of one report."""

    visits: tuple[VisitFact, ...] = ()
    days: tuple[DayFact, ...] = ()
    handlings: tuple[HandlingFact, ...] = ()
    answers: tuple[AnswerFact, ...] = ()
    entries: tuple[EntryFact, ...] = ()
    overdue: tuple[OverdueFact, ...] = ()

    def of(self, agency: str) -> Facts:
        """The facts of one of the agencies."""
        return Facts(
            visits=tuple(row for row in self.visits if row.agency == agency),
            days=tuple(row for row in self.days if row.agency == agency),
            handlings=tuple(row for row in self.handlings if row.agency == agency),
            answers=tuple(row for row in self.answers if row.agency == agency),
            entries=tuple(row for row in self.entries if row.agency == agency),
            overdue=tuple(row for row in self.overdue if row.agency == agency),
        )


@dataclass(frozen=True)
class Record:
    """One record behind a number, and how much it contributes.

    `kind`: visit, case, day, petition, answer or entry; `ref`: uid, reference or id.
    """

    kind: str
    ref: str
    agency: str
    amount: int | Decimal = 1


@dataclass(frozen=True)
class Number:
    """One number of a report. Its value is the sum of its records' amounts, never typed."""

    id: str
    records: tuple[Record, ...]

    @property
    def value(self) -> int | Decimal:
        """A count (int), or an amount of money or land (Decimal where it has a fraction)."""
        total = sum((record.amount for record in self.records), 0)
        if isinstance(total, Decimal) and total == total.to_integral_value():
            return int(total)
        return total
