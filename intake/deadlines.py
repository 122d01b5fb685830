"""From a petition's events to its legal dates. Pure functions; every number comes from `rules.py`.

How a term is counted:

- the event's day is not counted; `nominal` is the last day so found;
- a term in calendar days whose last day is no working day ends on the next working day (`due`);
- "at least N before" counts back; where that day is no working day, the duty is due before it;
- days of suspension (its first day included, the day of resumption not) move `nominal` on;
- an extension counts from the `nominal` last day of the term before it;
- where two rules bind, the earlier day holds: the one named in `combine` keeps its own row, and
  the combining rule's row carries the earlier day (`binding_rule` says whose it is).

States (`Deadline.state`):

| state | means |
|---|---|
| future | the event lies after `as_of` (or the extension has not been decided yet) |
| running | not over at the end of `as_of` |
| suspended | a settling term that is paused on `as_of` |
| met | done in time; for what the law brings about by itself: the day has come |
| missed | the day passed: still owed if `closed_on` is None, else done late on that day |
| superseded | replaced by its extension, or ended by withdrawal or termination before the day |

What happens after `as_of` moves dates (it is known) but no state.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from operator import attrgetter
from typing import ClassVar, NamedTuple

from intake.errors import IntakeError
from intake.rules import (
    BEFORE,
    CALENDAR_DAYS,
    EACH,
    FIRST,
    HOURS,
    LAW,
    MONTHS,
    OFFICE,
    TERM_EXPIRED,
    WORKING_DAYS,
    YEARS,
    Rule,
    Rules,
)
from intake.workdays import WorkCalendar

FUTURE = "future"
RUNNING = "running"
SUSPENDED = "suspended"
MET = "met"
MISSED = "missed"
SUPERSEDED = "superseded"
STATES = (FUTURE, RUNNING, SUSPENDED, MET, MISSED, SUPERSEDED)

_PAUSE_METHODS = (
    "suspended_time_excluded_resume_from_resumption_decision_date",
    "suspended_time_excluded",
)
# Outside these no petition law was or will be in force, and date arithmetic could overflow.
_EARLIEST, _LATEST = date(1900, 1, 1), date(2999, 12, 31)
_BASE_FACTS = ("complex", "remote", "several_places", "own_competence")


class ImpossibleEvents(IntakeError):
    """The events of a case cannot have happened so. Values: fault (English, no personal data)."""

    code: ClassVar[str] = "impossible-events"
    sentence: ClassVar[str] = "the events cannot be counted: {fault}"


@dataclass(frozen=True, slots=True)
class ClockEvent:
    """Something a clock starts, pauses or ends on.

    `event` is an id of `data/law/events.toml`; `on` a civil day in Việt Nam; `at` the local time of
    day, for meetings only.
    """

    event: str
    on: date
    at: time | None = None


@dataclass(frozen=True)
class ClockCase:
    """What the law needs to know of a petition.

    `kind`: a petition kind's code. `instance`: 1 or 2 (complaints). `facts`: further facts of
    `names.toml`, table `fact`, that hold, such as "dismissal". `confirmed`: the rule that a person
    confirmed where the law leaves open whether a new one applies (`transition` "human_confirms").
    """

    kind: str
    instance: int = 1
    complex: bool = False
    remote: bool = False
    several_places: bool = False
    own_competence: bool = True
    events: tuple[ClockEvent, ...] = ()
    facts: frozenset[str] = frozenset()
    confirmed: str = ""


class Pause(NamedTuple):
    """A suspension: its first day, and the day of resumption (None: still suspended)."""

    first: date
    resumed: date | None


class Ground(NamedTuple):
    """What a deadline was derived from; its explanation is worked out from this when asked for.

    `number`: ordinal of the extension (0: the first term). `replaced_by`: the extension's rule and
    last day. `term_before`: last day of the term that an extension follows. `partner`: the rule
    that binds beside this one. `carried_by`: the rule whose row carries the earlier day.
    `confirmed`: the rule a person confirmed.
    """

    rule: Rule
    rules: Rules
    calendar: WorkCalendar
    as_of: date
    kind: str
    event: str
    at: time | None = None
    pauses: tuple[Pause, ...] = ()
    extended_on: date | None = None
    number: int = 0
    ignored_extensions: tuple[date, ...] = ()
    replaced_by: tuple[str, date] | None = None
    term_before: date | None = None
    partner: Rule | None = None
    carried_by: str = ""
    confirmed: str = ""


@dataclass(frozen=True, slots=True)
class Deadline:
    """One legal date of one petition.

    Attributes:
        rule, stage: ids of the rule and of what has to be done.
        start: the event's day (for an extension: the nominal last day of the term before it).
        nominal: last day of the term before rolling.
        due: last day on which it is done in time, inclusive.
        state: see the module's table.
        citation: the provision.
        verified: whether the provision, in the wording in force on `start`, was read.
        unit, amount: length as the law states it.
        mode: term, extension, ceiling or alarm.
        owed_by: office, citizen or law.
        governs: whether this is the date that binds at its stage (not if the stage was extended
            or another rule carries the earlier day).
        closed_on: the day it was done or ended, if on or before `as_of`.
        binding_rule: whose day `due` is, where two rules bind; else the rule itself.
        due_at: local time of day on `due`, for terms in hours whose event has a time.
    """

    rule: str
    stage: str
    start: date
    nominal: date
    due: date
    state: str
    citation: str
    verified: bool
    unit: str
    amount: int
    mode: str
    owed_by: str
    governs: bool
    closed_on: date | None
    binding_rule: str
    due_at: time | None
    ground: Ground = field(repr=False, compare=False)

    @property
    def steps(self) -> tuple[str, ...]:
        """How the dates were found, in Vietnamese sentences (see `derivation.py`)."""
        # The explanation needs this module's types; it is only worked out for people.
        from intake.derivation import explain_deadline

        return explain_deadline(self)

    @property
    def marks(self) -> tuple[str, ...]:
        """What an officer must know before relying on it, in Vietnamese; none: nothing."""
        from intake.derivation import marks_of

        return marks_of(self)

    @property
    def stage_name(self) -> str:
        """Vietnamese name of the stage."""
        return self.ground.rules.stage_name(self.stage)

    @property
    def is_owed(self) -> bool:
        """Whether an office still has to do it."""
        return (
            self.owed_by == OFFICE
            and self.governs
            and self.closed_on is None
            and self.state in (RUNNING, MISSED)
        )


class _History:
    """A case's events: days by event in order, checked for what cannot be."""

    __slots__ = ("days", "pauses", "times")

    def __init__(self, events: Sequence[ClockEvent], rules: Rules) -> None:
        known = rules.events
        days: dict[str, list[date]] = {}
        ordered = sorted(events, key=attrgetter("on")) if len(events) > 1 else events
        for item in ordered:
            if item.event not in known:
                raise ImpossibleEvents(fault=f"unknown event {item.event!r}")
            if not _EARLIEST <= item.on <= _LATEST:
                raise ImpossibleEvents(fault=f"{item.event} on {item.on} is out of range")
            days.setdefault(item.event, []).append(item.on)
        for event, own in days.items():
            for earlier in known[event].after:
                other = days.get(earlier)
                if other is not None and own[0] < other[0]:
                    raise ImpossibleEvents(
                        fault=f"{event} on {own[0]} lies before {earlier} on {other[0]}"
                    )
        self.days = days
        self.times = {(item.event, item.on): item.at for item in ordered if item.at is not None}
        self.pauses = _pauses(ordered) if "suspended" in days else ()


def _pauses(ordered: Sequence[ClockEvent]) -> tuple[Pause, ...]:
    """Suspensions in order. A resumption whose suspension isn't on record (histories taken over
    from elsewhere begin late) pauses nothing."""
    found: list[Pause] = []
    since: date | None = None
    for item in ordered:
        if item.event == "suspended":
            if since is not None:
                raise ImpossibleEvents(fault=f"suspended on {item.on} while suspended")
            since = item.on
        elif item.event == "resumed" and since is not None:
            found.append(Pause(since, item.on))
            since = None
    if since is not None:
        found.append(Pause(since, None))
    return tuple(found)


class Counted(NamedTuple):
    """A counted term: last day before rolling, and last day in time."""

    nominal: date
    due: date


def count_term(
    start: date,
    amount: int,
    unit: str,
    calendar: WorkCalendar,
    *,
    before: bool = False,
) -> Counted:
    """Count one term; `start` itself isn't counted.

    Args:
        amount: in `unit`: CD, WD, MONTH, YEAR; HOUR gives the day of the event itself.
        before: count back from `start` ("at least N before").

    Raises:
        CalendarYearMissing: the calendar doesn't reach far enough.
    """
    if unit == CALENDAR_DAYS:
        if before:
            nominal = start - timedelta(days=amount)
            return Counted(nominal, calendar.roll_back(nominal))
        nominal = start + timedelta(days=amount)
        return Counted(nominal, calendar.roll_forward(nominal))
    if unit == WORKING_DAYS:
        nominal = calendar.add_working_days(start, -amount if before else amount)
    elif unit in (MONTHS, YEARS):
        months = amount * (12 if unit == YEARS else 1)
        nominal = _add_months(start, -months if before else months)
    else:
        nominal = start
    return Counted(nominal, nominal)


def _add_months(day: date, months: int) -> date:
    """The same day of a later month; its last day where there is no such day."""
    month0 = day.year * 12 + day.month - 1 + months
    year, month = divmod(month0, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def derive_deadlines(
    case: ClockCase, *, as_of: date, rules: Rules, calendar: WorkCalendar
) -> tuple[Deadline, ...]:
    """Every legal date that the case's events start, in the order of the events.

    The edition of a rule in force on the day that starts it is used. A kind without clocks (mixed,
    other) has no dates. The explanation (`steps`) is worked out only when asked for.

    Raises:
        ImpossibleEvents: an unknown event, or an order that cannot be.
        CalendarYearMissing: a term reaches into a year without a calendar.
        KeyError: a fact that `names.toml` doesn't know.

    Source:
        BLDS 91/2015/QH13 Điều 147-148 (counting); each rule's citation; `data/law/`.
    """
    return _Derivation(case, as_of, rules, calendar).run()


class _Term(NamedTuple):
    """One link in the chain of settling terms: the first term, or an extension of it."""

    rule: Rule
    start: date
    nominal: date
    due: date
    extended_on: date | None
    pauses: tuple[Pause, ...]
    pauses_seen: int


class _Derivation:
    """One run of `derive_deadlines`: the case's facts, looked up once."""

    def __init__(self, case: ClockCase, as_of: date, rules: Rules, calendar: WorkCalendar) -> None:
        self.kind = case.kind
        self.confirmed = case.confirmed
        self.as_of = as_of
        self.rules = rules
        self.calendar = calendar
        history = _History(case.events, rules)
        self.days = history.days
        self.times = history.times
        facts = _fact_mask(case, rules, history.days)
        self.plan = rules.plan(case.kind, facts, case.instance)
        self.stops = sorted(
            day for event, on in history.days.items() if rules.events[event].stops for day in on
        )
        self.pauses = tuple(
            pause for pause in history.pauses if pause_method(rules, case.kind, pause.first)
        )
        self.found: list[Deadline] = []

    def run(self) -> tuple[Deadline, ...]:
        """Rules by the events that start them, then what only the end of a term starts."""
        by_event = self.plan.by_event
        for event, on in self.days.items():
            for rule in by_event.get(event, ()):
                if rule.occurrence == EACH:
                    starts = on
                elif rule.starts_on[0] != event and self._preferred(rule, event):
                    continue
                else:
                    starts = on[:1] if rule.occurrence == FIRST else on[-1:]
                for start in starts:
                    if self._applies(rule, start):
                        self._derive(rule, event, start)
        if TERM_EXPIRED in by_event:
            self._derive_after_expiry()
        return tuple(self.found)

    def _applies(self, rule: Rule, start: date) -> bool:
        """Whether the edition binds what starts on `start`: in force, or confirmed by a person."""
        return rule.in_force(start) or rule.id == self.confirmed

    def _in_force(self, rules: Mapping[str, tuple[Rule, ...]], rule: str, day: date) -> Rule | None:
        """The first of the rules listed for `rule` that applies to what starts on `day`."""
        for other in rules.get(rule, ()):
            if self._applies(other, day):
                return other
        return None

    def _preferred(self, rule: Rule, event: str) -> bool:
        """Whether an event the rule would rather start on happened too."""
        return any(other in self.days for other in rule.starts_on[: rule.starts_on.index(event)])

    def _derive(self, rule: Rule, event: str, start: date) -> None:
        if rule.settles:
            self._derive_settling(rule, event, start)
        elif rule.direction == BEFORE:
            self._derive_before(rule, event, start)
        else:
            self._derive_plain(rule, event, start)

    def _derive_plain(self, rule: Rule, event: str, start: date) -> None:
        counted = count_term(start, rule.amount or 0, rule.unit, self.calendar)
        binding = rule.id
        partner = self._in_force(self.plan.partners, rule.id, start)
        if partner is not None:
            others = count_term(start, partner.amount or 0, partner.unit, self.calendar)
            if others.due < counted.due:
                counted, binding = others, partner.id
        carrier = self._in_force(self.plan.carriers, rule.id, start)
        closed_on, stopped = self._closed(rule, start)
        if start > self.as_of:
            state = FUTURE
        elif closed_on is not None:
            in_time = SUPERSEDED if stopped else MET
            state = in_time if closed_on <= counted.due else MISSED
        elif self.as_of <= counted.due:
            state = RUNNING
        else:
            state = MET if rule.owed_by == LAW else MISSED
        ground = Ground(
            rule, self.rules, self.calendar, self.as_of, self.kind, event,
            partner=partner, carried_by=carrier.id if carrier else "", confirmed=self.confirmed,
        )  # fmt: skip
        row = _deadline(
            rule, start, counted, state, closed_on, ground,
            governs=carrier is None, binding_rule=binding,
        )  # fmt: skip
        self.found.append(row)

    def _derive_before(self, rule: Rule, event: str, meeting: date) -> None:
        counted = count_term(meeting, rule.amount or 0, rule.unit, self.calendar, before=True)
        at = self.times.get((event, meeting))
        due_at = None
        if rule.unit == HOURS and at is not None:
            moment = datetime.combine(meeting, at) - timedelta(hours=rule.amount or 0)
            counted, due_at = Counted(moment.date(), moment.date()), moment.time()
        previous = max((day for day in self.days[event] if day < meeting), default=date.min)
        done = [
            day
            for name in rule.ends_on
            for day in self.days.get(name, ())
            if previous < day <= min(self.as_of, meeting)
        ]
        closed_on = min(done, default=None)
        if closed_on is not None:
            state = MET if closed_on <= counted.due else MISSED
        elif self.stops and self.stops[0] <= min(self.as_of, counted.due):
            state, closed_on = SUPERSEDED, self.stops[0]
        else:
            state = RUNNING if self.as_of <= counted.due else MISSED
        ground = Ground(rule, self.rules, self.calendar, self.as_of, self.kind, event, at=at)
        row = _deadline(rule, meeting, counted, state, closed_on, ground, due_at=due_at)
        self.found.append(row)

    def _derive_settling(self, rule: Rule, event: str, start: date) -> None:
        """A settling term, its pauses, and every extension that the law allows."""
        closed_on, stopped = self._closed(rule, start)
        terms = [self._term(rule, start, None, 0)]
        ignored: list[date] = []
        for decided in self.days.get("extended", ()):
            if decided < start:
                continue
            way = self._way(rule, decided, len(terms))
            if way is None:
                ignored.append(decided)
            else:
                last = terms[-1]
                terms.append(self._term(way, last.nominal, decided, last.pauses_seen))
        for number, term in enumerate(terms):
            following = terms[number + 1] if number + 1 < len(terms) else None
            replaced_on = following.extended_on if following else None
            if replaced_on is not None and replaced_on > self.as_of:
                replaced_on = None
            ground = Ground(
                term.rule, self.rules, self.calendar, self.as_of, self.kind, event,
                pauses=term.pauses,
                extended_on=term.extended_on,
                number=number,
                ignored_extensions=tuple(ignored),
                replaced_by=(following.rule.id, following.due) if following else None,
                term_before=terms[number - 1].due if number else None,
            )  # fmt: skip
            begun = term.extended_on or term.start
            self.found.append(
                _deadline(
                    term.rule, term.start, Counted(term.nominal, term.due),
                    self._settling_state(term, begun, replaced_on, closed_on, stopped),
                    closed_on, ground, governs=replaced_on is None and begun <= self.as_of,
                )
            )  # fmt: skip

    def _term(self, rule: Rule, start: date, extended_on: date | None, seen: int) -> _Term:
        """A term moved by the suspensions that begin while it runs, from the `seen`-th on."""
        nominal, due = count_term(start, rule.amount or 0, rule.unit, self.calendar)
        used: list[Pause] = []
        for pause in self.pauses[seen:]:
            if pause.first > due:
                break
            seen += 1
            if pause.resumed is None:
                used.append(pause)
            elif pause.resumed > start:
                used.append(pause)
                nominal += pause.resumed - max(pause.first, start)
                due = self.calendar.roll_forward(nominal)
        return _Term(rule, start, nominal, due, extended_on, tuple(used), seen)

    def _way(self, base: Rule, decided: date, number: int) -> Rule | None:
        """The rule that allows extension no. `number` of `base`, decided on `decided`."""
        for rule in self.plan.extensions:
            if (
                rule.extension_of == base.id
                and number <= (rule.max_count or 0)
                and rule.in_force(decided)
            ):
                return rule
        return None

    def _settling_state(
        self, term: _Term, begun: date, replaced_on: date | None, closed_on: date | None,
        stopped: bool,
    ) -> str:  # fmt: skip
        if begun > self.as_of:
            return FUTURE
        if closed_on is not None and closed_on <= term.due:
            return SUPERSEDED if stopped else MET
        if replaced_on is not None:
            return SUPERSEDED if replaced_on <= term.due else MISSED
        if closed_on is not None:
            return MISSED
        for pause in term.pauses:
            if pause.first <= self.as_of and (pause.resumed is None or self.as_of < pause.resumed):
                return SUSPENDED
        return RUNNING if self.as_of <= term.due else MISSED

    def _derive_after_expiry(self) -> None:
        """A settling term that ran out without a decision opens the way to the next instance."""
        expired = [row for row in self.found if row.ground.rule.settles and row.is_owed]
        for row in expired:
            if row.state != MISSED:
                continue
            for rule in self.plan.by_event[TERM_EXPIRED]:
                if rule.in_force(row.due) and not self._preferred(rule, TERM_EXPIRED):
                    self._derive(rule, TERM_EXPIRED, row.due)

    def _closed(self, rule: Rule, start: date) -> tuple[date | None, bool]:
        """The day the duty ended, up to `as_of`, and whether it was stopped rather than met."""
        closed: date | None = None
        for event in rule.ends_on:
            for day in self.days.get(event, ()):
                if start <= day <= self.as_of and (closed is None or day < closed):
                    closed = day
        if self.stops and not rule.survives_stop:
            for day in self.stops:
                if start <= day <= self.as_of and (closed is None or day < closed):
                    return day, True
        return closed, False


def _deadline(
    rule: Rule,
    start: date,
    counted: Counted,
    state: str,
    closed_on: date | None,
    ground: Ground,
    *,
    governs: bool = True,
    binding_rule: str = "",
    due_at: time | None = None,
) -> Deadline:
    return Deadline(
        rule.id,
        rule.stage,
        start,
        counted.nominal,
        counted.due,
        state,
        rule.citation,
        rule.verified_on(start),
        rule.unit,
        rule.amount or 0,
        rule.mode,
        rule.owed_by,
        governs,
        closed_on,
        binding_rule or rule.id,
        due_at,
        ground,
    )


def pause_method(rules: Rules, kind: str, day: date) -> str:
    """The citation by which a suspension beginning on `day` isn't counted; "": it is counted."""
    for method in _PAUSE_METHODS:
        found = rules.method(method, day, kind)
        if found is not None:
            return found.citation
    return ""


def _fact_mask(case: ClockCase, rules: Rules, days: Mapping[str, list[date]]) -> int:
    bits = rules.fact_bits
    mask = 0
    for fact in _BASE_FACTS:
        if getattr(case, fact):
            mask |= bits[fact]
    for fact in case.facts:
        mask |= bits[fact]
    for event in days:
        implied = rules.events[event].implies
        if implied:
            mask |= bits[implied]
    return mask
