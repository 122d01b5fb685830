"""What an office owes by a date and no other action says: the steps an officer records by hand.

Which events these are is `recorded` in `data/law/events.toml`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from intake.due import DueView
from intake.rules import BEFORE, Rules


@dataclass(frozen=True)
class Step:
    """A step that ends a duty now owed.

    `name` is Vietnamese. `rule` and `due`: the duty and its last day. `not_before`: the day the
    duty began (None: it counts back from a meeting, so it may lie anywhere before).
    """

    event: str
    name: str
    rule: str
    due: date
    not_before: date | None


def owed_steps(rules: Rules, view: DueView) -> tuple[Step, ...]:
    """The steps an officer may record now, the most urgent first; each event once."""
    found: dict[str, Step] = {}
    for row in sorted(view.deadlines, key=lambda row: (row.due, row.rule)):
        if not row.is_owed:
            continue
        rule = rules.get(row.rule)
        for event in rule.ends_on:
            if rules.events[event].recorded and event not in found:
                since = None if rule.direction == BEFORE else row.start
                found[event] = Step(event, rules.events[event].name, row.rule, row.due, since)
    return tuple(found.values())
