"""What an officer records by hand: what is owed and no other action says, and what came about.

Which events these are is `recorded` and `occurs` in `data/law/events.toml`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, time

from intake.due import DueView
from intake.petition import Petition, PetitionKind
from intake.rules import BEFORE, HOURS, Rules
from intake.store.petitions import ClockEventRow


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


@dataclass(frozen=True)
class Occurrence:
    """Something that starts duties when it comes about, and that an officer may record.

    `name` is Vietnamese. `stages`: Vietnamese names of the duties it starts. `planned`: it may lie
    ahead. `timed`: its time of day counts too.
    """

    event: str
    name: str
    stages: tuple[str, ...]
    planned: bool
    timed: bool


def possible_occurrences(
    rules: Rules, petition: Petition, happened: Collection[str]
) -> tuple[Occurrence, ...]:
    """What may come about for the petition as it stands, in the order of the data file.

    Args:
        happened: events recorded for it so far.
    """
    if petition.is_message_only:
        return ()  # only a legal receipt starts what they start
    starting = rules.starting(petition.kind)
    found = []
    for event in rules.events.values():
        if not event.occurs or (event.needs and not set(event.needs) & set(happened)):
            continue
        started = [
            rule
            for rule in starting.get(event.id, ())
            # Outside the Law on Denunciations its terms don't run.
            if not (petition.as_information and rule.kinds == (PetitionKind.TC,))
        ]
        if started:
            stages = dict.fromkeys(rules.stage_name(rule.stage) for rule in started)
            timed = any(rule.unit == HOURS for rule in started)
            found.append(Occurrence(event.id, event.name, tuple(stages), event.planned, timed))
    return tuple(found)


@dataclass(frozen=True)
class RecordedStep:
    """A step or occurrence an officer recorded by hand and may take back.

    `id` is that of the clock's event, `name` is Vietnamese, `at` the local time of a meeting.
    """

    id: int
    event: str
    name: str
    on: date
    at: time | None
    document_number: str


def recorded_steps(rules: Rules, happened: Sequence[ClockEventRow]) -> tuple[RecordedStep, ...]:
    """What officers recorded by hand, the latest first.

    Args:
        happened: all events recorded for the petition.
    """
    by_hand = [
        (row, kind)
        for row in reversed(happened)
        # What only tells of the petition's own course is no event of the law.
        if (kind := rules.events.get(row.event)) and (kind.recorded or kind.occurs)
    ]
    return tuple(
        RecordedStep(row.id, row.event, kind.name, row.on, row.at, row.document_number)
        for row, kind in by_hand
    )
