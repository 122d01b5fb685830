"""The legal values: which terms there are, since when, by which provision. All of it is data.

`data/law/*.toml` holds the rules, the events that start and end them, the counting method, the
thresholds and the Vietnamese names. This module loads them, refuses faulty tables with file and
line, and answers which rule binds; dates are computed in `deadlines.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import ClassVar

from intake.errors import DataFault, IntakeError
from intake.law_files import LAW_FOLDER, Row, read_law_file
from intake.law_phrases import phrase, vietnamese_date

CALENDAR_DAYS = "CD"
WORKING_DAYS = "WD"
MONTHS = "MONTH"
YEARS = "YEAR"
HOURS = "HOUR"
DAYS_PER_MONTH = "DAY_PER_MONTH"
DAYS_PER_WEEK = "DAY_PER_WEEK"

TERM = "term"
EXTENSION = "extension"
CEILING = "ceiling"
ALARM = "alarm"

AFTER = "after"
BEFORE = "before"

OFFICE = "office"
CITIZEN = "citizen"
LAW = "law"

FIRST = "first"
LAST = "last"
EACH = "each"

HUMAN_CONFIRMS = "human_confirms"
"""Transition of a rule that says nothing about what was pending when it came into force."""

DUTY = "DUTY"
TERM_EXPIRED = "term_expired"
"""Pseudo-event in `starts_on`: the settling term ran out without a decision. Never given by
callers; the engine finds it."""

_TERM_UNITS = (CALENDAR_DAYS, WORKING_DAYS, MONTHS, YEARS, HOURS)
_DUTY_UNITS = (DAYS_PER_MONTH, DAYS_PER_WEEK)
_RULE_KEYS = frozenset(
    {
        "id", "kinds", "instances", "stage", "trigger", "starts_on", "occurrence", "ends_on",
        "amount", "unit", "direction", "mode", "when", "conditions", "extension_of", "max_count",
        "settles", "survives_stop", "owed_by", "combine", "office", "citation", "effective_from",
        "effective_to", "transition", "status", "grade", "unverified_from", "note", "source",
    }
)  # fmt: skip
_NAME_TABLES = ("stage", "condition", "fact", "kind", "office", "unit", "transition")


class UnknownRule(IntakeError):
    """No rule of that id. Values: rule."""

    code: ClassVar[str] = "unknown-rule"
    sentence: ClassVar[str] = "there is no rule {rule}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One term of the law, in one edition.

    Attributes:
        id: stable name on the wire and in the register, such as "KN-ACC".
        kinds: petition kinds it binds ("DUTY" for leaders' reception duty).
        instances: 1 and/or 2 for complaints; empty means any.
        stage: what has to be done; `Rules.stage_name` has the Vietnamese.
        trigger: what the law counts from, in the law's terms.
        starts_on: clock events that stand for the trigger, preferred one first.
        occurrence: which of repeated events counts: "first", "last" or "each".
        ends_on: clock events that fulfil it.
        amount: how much of `unit`; None: the law sets none, a province may (`with_local`).
        unit: CD (calendar days), WD (working days), MONTH, YEAR, HOUR, DAY_PER_MONTH, DAY_PER_WEEK.
        direction: "after" the event, or at least so much "before" it.
        mode: "term"; "extension" (counted from the end of `extension_of`); "ceiling" (a total from
            the same start, instead of `extension_of`); "alarm" (a liability, not a permitted term).
        conditions: codes of what an officer has to see to; they don't gate the clock.
        extension_of: the rule this one lengthens.
        max_count: the highest ordinal of extension this rule allows.
        settles: whether it is the term for settling the petition; such terms pause and extend.
        survives_stop: whether it runs on after withdrawal or termination.
        owed_by: "office", "citizen" (a time bar) or "law" (something that comes by itself).
        combine_with: the rule that binds beside this one; the earlier day holds.
        office: for duties, whose.
        citation: provision in Vietnamese short form.
        effective_from, effective_to: first and last day of force (None: open). The trigger's date
            decides.
        transition: code of a transition note (`names.toml`), or "".
        verified: whether the provision was read; `grade` (text, secondary, memory) says where.
        unverified_from: starts on or after this day count as unverified all the same.
        note: remark in Vietnamese for officers, or "".
        source: code of what was read (`sources.toml`), or "".
        local: a province's own figure.
        needs, forbids: bit masks of the facts in `when`, see `Rules.fact_mask`.
    """

    id: str
    kinds: tuple[str, ...]
    instances: tuple[int, ...]
    stage: str
    trigger: str
    starts_on: tuple[str, ...]
    occurrence: str
    ends_on: tuple[str, ...]
    amount: int | None
    unit: str
    direction: str
    mode: str
    when: Mapping[str, bool]
    conditions: tuple[str, ...]
    extension_of: str
    max_count: int | None
    settles: bool
    survives_stop: bool
    owed_by: str
    combine_with: str
    office: str
    citation: str
    effective_from: date | None
    effective_to: date | None
    transition: str
    verified: bool
    grade: str
    unverified_from: date | None
    note: str
    source: str
    local: bool = False
    needs: int = 0
    forbids: int = 0

    def in_force(self, day: date) -> bool:
        """Whether this edition is in force on `day`."""
        return (self.effective_from is None or self.effective_from <= day) and (
            self.effective_to is None or day <= self.effective_to
        )

    def binds(self, facts: int, instance: int) -> bool:
        """Whether it binds a case with these facts (a mask) at this instance."""
        return (
            facts & self.needs == self.needs
            and not facts & self.forbids
            and (not self.instances or instance in self.instances)
        )

    def verified_on(self, day: date) -> bool:
        """Whether the wording in force on `day` was read."""
        return self.verified and (self.unverified_from is None or day < self.unverified_from)


@dataclass(frozen=True)
class EventKind:
    """A clock event.

    `name` is Vietnamese. `contract`: part of the command line's stable vocabulary. `after`: events
    that can't come later. `stops`: ends running duties unmet. `implies`: a fact it establishes.
    `recorded`: no action of its own says it, so an officer records it when the duty it ends is
    owed. `occurs`: it starts duties and comes about by itself; an officer records it when it does,
    once one of `needs` has happened. `planned`: it may lie ahead (a meeting).
    """

    id: str
    name: str
    contract: bool
    after: tuple[str, ...]
    stops: bool
    implies: str
    recorded: bool
    occurs: bool
    needs: tuple[str, ...]
    planned: bool


@dataclass(frozen=True)
class CountingRule:
    """One sentence of the counting method, with its citation. Empty `kinds`: all of them."""

    id: str
    rule: str
    kinds: tuple[str, ...]
    units: tuple[str, ...]
    citation: str
    effective_from: date | None
    verified: bool
    note: str


@dataclass(frozen=True)
class Threshold:
    """What a number of people means: representatives (Luật TCD Điều 29) or a large group.

    `people_max` None: open. `representatives_*` None: the threshold says nothing about them.
    """

    id: str
    applies_to: tuple[str, ...]
    people_min: int
    people_max: int | None
    representatives_min: int | None
    representatives_max: int | None
    citation: str
    effective_from: date | None
    effective_to: date | None
    verified: bool


@dataclass(frozen=True)
class LocalTerm:
    """A province's own term for a rule the law leaves open.

    `unit` is CD or WD; `citation` names the province's regulation.
    """

    rule: str
    amount: int
    unit: str
    citation: str
    effective_from: date
    verified: bool


@dataclass(frozen=True)
class LawNames:
    """Vietnamese names of codes, table by table (the tables of `names.toml`)."""

    tables: Mapping[str, Mapping[str, str]]

    def name(self, table: str, code: str) -> str:
        """The Vietnamese name of `code`.

        Raises:
            KeyError: no such name: a fault the loader excludes for every code in the rules.
        """
        return self.tables[table][code]


@dataclass(frozen=True, slots=True)
class Plan:
    """The rules that can bind one sort of case: a kind, its facts and its instance.

    `by_event`: rules by the event that starts them, without extensions. `extensions`: those, in the
    order in which they are tried. `partners`: for a rule that combines, the editions of the rule it
    is combined with. `carriers`: the other way round.
    """

    by_event: Mapping[str, tuple[Rule, ...]]
    extensions: tuple[Rule, ...]
    partners: Mapping[str, tuple[Rule, ...]]
    carriers: Mapping[str, tuple[Rule, ...]]


@dataclass(frozen=True)
class Rules:
    """All rules in all editions, and the tables around them. Immutable."""

    rules: tuple[Rule, ...]
    events: Mapping[str, EventKind]
    counting: tuple[CountingRule, ...]
    thresholds: tuple[Threshold, ...]
    names: LawNames
    sources: Mapping[str, str]
    fact_bits: Mapping[str, int]
    _by_id: dict[str, list[Rule]] = field(init=False, repr=False, compare=False)
    _starting: dict[str, dict[str, tuple[Rule, ...]]] = field(init=False, repr=False, compare=False)
    _plans: dict[tuple[str, int, int], Plan] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_id: dict[str, list[Rule]] = {}
        starting: dict[str, dict[str, tuple[Rule, ...]]] = {}
        for rule in self.rules:
            by_id.setdefault(rule.id, []).append(rule)
            if rule.amount is None:
                continue
            for kind in rule.kinds:
                events = starting.setdefault(kind, {})
                for event in rule.starts_on:
                    events[event] = (*events.get(event, ()), rule)
        object.__setattr__(self, "_by_id", by_id)
        object.__setattr__(self, "_starting", starting)
        object.__setattr__(self, "_plans", {})

    @staticmethod
    def load(folder: Path | None = None) -> Rules:
        """The shipped law, or another folder of the same shape.

        Raises:
            DataFault: a table is wrong; names file and line.
        """
        return _load(folder or LAW_FOLDER)

    def all(self) -> tuple[Rule, ...]:
        """Every rule in every edition, in file order."""
        return self.rules

    def get(self, rule: str) -> Rule:
        """The newest edition of a rule.

        Raises:
            UnknownRule: no such id.
        """
        return self.editions(rule)[-1]

    def editions(self, rule: str) -> Sequence[Rule]:
        """All editions of a rule, oldest first.

        Raises:
            UnknownRule: no such id.
        """
        found = self._by_id.get(rule)
        if not found:
            raise UnknownRule(rule=rule)
        return found

    def on(self, rule: str, day: date) -> Rule | None:
        """The edition in force on `day`, if any.

        Raises:
            UnknownRule: no such id.
        """
        # A province's figure stands after the law's open entry, which is always in force.
        editions = reversed(self.editions(rule))
        return next((edition for edition in editions if edition.in_force(day)), None)

    def starting(self, kind: str) -> Mapping[str, tuple[Rule, ...]]:
        """Rules with an amount that bind `kind`, by the event that starts them."""
        return self._starting.get(kind, {})

    def plan(self, kind: str, facts: int, instance: int) -> Plan:
        """The rules that bind a case with these facts (a mask); worked out once for each sort."""
        key = (kind, facts, instance)
        known = self._plans.get(key)
        if known is None:
            known = self._plans[key] = self._make_plan(kind, facts, instance)
        return known

    def _make_plan(self, kind: str, facts: int, instance: int) -> Plan:
        by_event: dict[str, tuple[Rule, ...]] = {}
        extensions: list[Rule] = []
        for event, rules in self.starting(kind).items():
            binding = [rule for rule in rules if rule.binds(facts, instance)]
            by_event[event] = tuple(rule for rule in binding if rule.mode != EXTENSION)
            extensions += [rule for rule in binding if rule.mode == EXTENSION]
        plain = {id(rule): rule for rules in by_event.values() for rule in rules}.values()
        pairs = [(a, b) for a in plain for b in plain if a.combine_with == b.id]
        return Plan(
            by_event={event: rules for event, rules in by_event.items() if rules},
            extensions=tuple(extensions),
            partners={a.id: tuple(y for x, y in pairs if x is a) for a, _ in pairs},
            carriers={b.id: tuple(x for x, y in pairs if y is b) for _, b in pairs},
        )

    def ways_to_extend(self, kind: str, day: date) -> tuple[Rule, ...]:
        """How the law lets the settling term of a `kind` be longer, on `day`; none: it doesn't.

        Denunciations have extensions (with `max_count`), complaints a ceiling for complex cases.
        """
        return tuple(
            rule
            for rule in self.rules
            if kind in rule.kinds and rule.settles and rule.extension_of and rule.in_force(day)
        )

    def settles(self, rule: str) -> bool:
        """Whether the rule is a term for settling the petition.

        Raises:
            UnknownRule: no such id.
        """
        return self.get(rule).settles

    def owed_by_office(self, rule: str) -> bool:
        """Whether an office has to act by the date (else: a citizen may, or the law does).

        Raises:
            UnknownRule: no such id.
        """
        return self.get(rule).owed_by == OFFICE

    def duties(self, office: str, day: date) -> tuple[Rule, ...]:
        """The reception duties of an office holder (`names.toml`, table `office`) on `day`."""
        return tuple(rule for rule in self.rules if rule.office == office and rule.in_force(day))

    def method(self, name: str, day: date, kind: str = "") -> CountingRule | None:
        """The sentence of the counting method called `name`, if it holds on `day` for `kind`."""
        for rule in self.counting:
            if (
                rule.rule == name
                and (not rule.kinds or kind in rule.kinds)
                and (rule.effective_from is None or rule.effective_from <= day)
            ):
                return rule
        return None

    def threshold(self, people: int, kind: str, day: date) -> Threshold | None:
        """The threshold a number of people falls under (kind "REPORT": for statistics)."""
        for row in self.thresholds:
            if (
                kind in row.applies_to
                and row.people_min <= people
                and (row.people_max is None or people <= row.people_max)
                and (row.effective_from is None or row.effective_from <= day)
                and (row.effective_to is None or day <= row.effective_to)
            ):
                return row
        return None

    def stage_name(self, stage: str) -> str:
        """Vietnamese name of a stage."""
        return self.names.name("stage", stage)

    def with_local(self, terms: Iterable[LocalTerm]) -> Rules:
        """The same law with a province's own figures where the law sets none.

        Raises:
            UnknownRule: a term for a rule that doesn't exist or isn't open to provinces.
        """
        rules = list(self.rules)
        for term in terms:
            open_ones = [rule for rule in self.editions(term.rule) if rule.amount is None]
            if not open_ones:
                raise UnknownRule(rule=term.rule)
            local = replace(
                open_ones[-1],
                amount=term.amount,
                unit=term.unit,
                citation=term.citation,
                effective_from=term.effective_from,
                verified=term.verified,
                local=True,
            )
            rules.append(local)
        return replace(self, rules=tuple(rules))


def read_local_terms(path: Path) -> tuple[LocalTerm, ...]:
    """A province's `[[term]]` tables.

    Keys: rule, amount, unit (CD or WD), citation, effective_from, status.

    Raises:
        DataFault: a table is wrong; names file and line.
    """
    return tuple(_read_local_term(row) for row in read_law_file(path).rows("term"))


def rule_table(rules: Rules) -> str:
    """The rules as a Markdown table in Vietnamese; `docs/legal-clock.md` holds it."""
    lines = [phrase("table.head"), phrase("table.rule")]
    for rule in rules.all():
        length = phrase("table.open") if rule.amount is None else f"{rule.amount:02d}"
        shape = "before" if rule.direction == BEFORE else rule.mode
        lines.append(
            phrase(
                "table.row",
                id=rule.id,
                kinds=", ".join(rule.kinds),
                stage=rules.stage_name(rule.stage),
                length=phrase(
                    f"table.{shape}", amount=length, unit=rules.names.name("unit", rule.unit)
                ),
                citation=rule.citation,
                since=_day(rule.effective_from),
                until=_day(rule.effective_to),
                verified=phrase("table.verified" if rule.verified else "table.unverified"),
                grade=phrase(f"table.{rule.grade}"),
            )
        )
    return "\n".join(lines) + "\n"


def _day(day: date | None) -> str:
    return phrase("table.always") if day is None else vietnamese_date(day)


# ---- loading ---------------------------------------------------------------------------------


@cache
def _load(folder: Path) -> Rules:
    names = _read_names(folder / "names.toml")
    events = _read_events(folder / "events.toml", names)
    fact_bits = {fact: 1 << place for place, fact in enumerate(names.tables["fact"])}
    sources = _read_sources(folder / "sources.toml")
    rows = [row for path in sorted(folder.glob("rules-*.toml")) for row in _rule_rows(path)]
    rules = [_read_rule(row, names, events, fact_bits, sources) for row in rows]
    _check_references(rows, rules)
    _check_editions(rows, rules)
    return Rules(
        rules=tuple(rules),
        events=events,
        counting=tuple(
            _read_counting(row) for row in read_law_file(folder / "counting.toml").rows("counting")
        ),
        thresholds=tuple(
            _read_threshold(row)
            for row in read_law_file(folder / "thresholds.toml").rows("threshold")
        ),
        names=names,
        sources=sources,
        fact_bits=fact_bits,
    )


def _rule_rows(path: Path) -> tuple[Row, ...]:
    return read_law_file(path).rows("rule")


def _read_names(path: Path) -> LawNames:
    top = read_law_file(path).top
    top.check_keys(_NAME_TABLES)
    tables: dict[str, Mapping[str, str]] = {}
    for name in _NAME_TABLES:
        table = top.table(name)
        if not table:
            top.fault(f"[{name}] is missing", name)
        for code, text in table.items():
            if not isinstance(text, str) or not text:
                top.fault(f"[{name}] must give {code} a text", f"{name}.{code}")
        tables[name] = {code: str(text) for code, text in table.items()}
    return LawNames(tables)


def _read_sources(path: Path) -> Mapping[str, str]:
    top = read_law_file(path).top
    return {code: str(text) for code, text in top.table("source").items()}


def _read_events(path: Path, names: LawNames) -> Mapping[str, EventKind]:
    rows = read_law_file(path).rows("event")
    ids = {row.text("id") for row in rows}
    found: dict[str, EventKind] = {}
    for row in rows:
        row.check_keys(
            (
                "id", "name", "contract", "after", "stops", "implies", "recorded", "occurs",
                "needs", "planned",
            )
        )  # fmt: skip
        event = EventKind(
            id=row.text("id"),
            name=row.text("name"),
            contract=row.flag("contract", default=False),
            after=row.texts("after"),
            stops=row.flag("stops", default=False),
            implies=row.text("implies", ""),
            recorded=row.flag("recorded", default=False),
            occurs=row.flag("occurs", default=False),
            needs=row.texts("needs"),
            planned=row.flag("planned", default=False),
        )
        if event.id in found:
            row.fault(f"event {event.id} stands twice", "id")
        if not ids.issuperset(event.after):
            row.fault("after names an unknown event", "after")
        if not ids.issuperset(event.needs):
            row.fault("needs names an unknown event", "needs")
        if event.implies and event.implies not in names.tables["fact"]:
            row.fault(f"unknown fact {event.implies}", "implies")
        found[event.id] = event
    return found


def _read_rule(
    row: Row,
    names: LawNames,
    events: Mapping[str, EventKind],
    fact_bits: Mapping[str, int],
    sources: Mapping[str, str],
) -> Rule:
    row.check_keys(_RULE_KEYS)
    rule_id = row.text("id")
    kinds = _known(row, "kinds", names.tables["kind"])
    is_duty = kinds == (DUTY,)
    combine = row.table("combine")
    if combine and (set(combine) != {"with", "how"} or combine["how"] != "earliest_of"):
        row.fault("combine must be { with = RULE, how = earliest_of }", "combine")
    amount = row.whole("amount", least=1)
    effective_from, effective_to = row.day("effective_from"), row.day("effective_to")
    if amount is not None and effective_from is None:
        row.fault(f"{rule_id} has an amount but no first day of force", "amount")
    if effective_from and effective_to and effective_to < effective_from:
        row.fault(f"{rule_id} ends before it begins", "effective_to")
    when = _read_when(row, fact_bits)
    source = row.text("source", "")
    if source and source not in sources:
        row.fault(f"unknown source {source}", "source")
    starts_on = _known(row, "starts_on", {**events, TERM_EXPIRED: None})
    if not starts_on and not is_duty:
        row.fault(f"{rule_id} has no event to start on", "starts_on")
    office = row.one_of("office", names.tables["office"]) if is_duty else ""
    rule = Rule(
        id=rule_id,
        kinds=kinds,
        instances=_read_instances(row),
        stage=row.one_of("stage", names.tables["stage"]),
        trigger=row.text("trigger"),
        starts_on=starts_on,
        occurrence=row.one_of("occurrence", (FIRST, LAST, EACH), FIRST),
        ends_on=_known(row, "ends_on", events),
        amount=amount,
        unit=row.one_of("unit", _DUTY_UNITS if is_duty else _TERM_UNITS),
        direction=row.one_of("direction", (AFTER, BEFORE), AFTER),
        mode=row.one_of("mode", (TERM, EXTENSION, CEILING, ALARM), TERM),
        when=when,
        conditions=_known(row, "conditions", names.tables["condition"]),
        extension_of=row.text("extension_of", ""),
        max_count=row.whole("max_count", least=1),
        settles=row.flag("settles", default=False),
        survives_stop=row.flag("survives_stop", default=False),
        owed_by=row.one_of("owed_by", (OFFICE, CITIZEN, LAW), OFFICE),
        combine_with=str(combine.get("with", "")),
        office=office,
        citation=row.text("citation"),
        effective_from=effective_from,
        effective_to=effective_to,
        transition=row.text("transition", ""),
        verified=row.one_of("status", ("verified", "unverified")) == "verified",
        grade=row.one_of("grade", ("text", "secondary", "memory")),
        unverified_from=row.day("unverified_from"),
        note=row.text("note", ""),
        source=source,
        needs=sum(fact_bits[fact] for fact, wanted in when.items() if wanted),
        forbids=sum(fact_bits[fact] for fact, wanted in when.items() if not wanted),
    )
    if rule.transition and rule.transition not in names.tables["transition"]:
        row.fault(f"unknown transition {rule.transition}", "transition")
    if rule.mode == EXTENSION and not (rule.extension_of and rule.max_count):
        row.fault(f"{rule_id}: an extension needs extension_of and max_count", "mode")
    return rule


def _known(row: Row, key: str, known: Mapping[str, object]) -> tuple[str, ...]:
    codes = row.texts(key)
    for code in codes:
        if code not in known:
            row.fault(f"{key}: unknown {code!r}", key)
    if key == "kinds" and not codes:
        row.fault("kinds is empty", key)
    return codes


def _read_instances(row: Row) -> tuple[int, ...]:
    value = row.values.get("instances", [])
    if not isinstance(value, list) or any(item not in (1, 2) for item in value):
        row.fault("instances must list 1 and/or 2", "instances")
    return tuple(value)


def _read_when(row: Row, fact_bits: Mapping[str, int]) -> Mapping[str, bool]:
    found: dict[str, bool] = {}
    for fact, wanted in row.table("when").items():
        if fact not in fact_bits or not isinstance(wanted, bool):
            row.fault(f"when: {fact} is no fact with true or false", "when")
        found[fact] = wanted
    return found


def _check_references(rows: Sequence[Row], rules: Sequence[Rule]) -> None:
    ids = {rule.id for rule in rules}
    for row, rule in zip(rows, rules, strict=True):
        if rule.extension_of and rule.extension_of not in ids:
            row.fault(f"{rule.id} lengthens an unknown rule", "extension_of")
        if rule.combine_with and rule.combine_with not in ids:
            row.fault(f"{rule.id} is combined with an unknown rule", "combine")


def _check_editions(rows: Sequence[Row], rules: Sequence[Rule]) -> None:
    """Editions of one rule follow each other: on no day are two in force."""
    last: dict[str, Rule] = {}
    for row, rule in zip(rows, rules, strict=True):
        earlier = last.get(rule.id)
        if earlier is not None and (
            earlier.effective_to is None
            or rule.effective_from is None
            or rule.effective_from <= earlier.effective_to
        ):
            row.fault(f"{rule.id}: two editions in force at once, or out of order", "id")
        last[rule.id] = rule


def _read_counting(row: Row) -> CountingRule:
    row.check_keys(
        ("id", "rule", "kinds", "applies_to_unit", "citation", "effective_from", "status", "note")
    )
    return CountingRule(
        id=row.text("id"),
        rule=row.text("rule"),
        kinds=row.texts("kinds"),
        units=row.texts("applies_to_unit"),
        citation=row.text("citation"),
        effective_from=row.day("effective_from"),
        verified=row.one_of("status", ("verified", "unverified")) == "verified",
        note=row.text("note", ""),
    )


def _read_threshold(row: Row) -> Threshold:
    row.check_keys(
        (
            "id", "applies_to", "people_min", "people_max", "representatives_min",
            "representatives_max", "citation", "effective_from", "effective_to", "status",
        )
    )  # fmt: skip
    people_min = row.whole("people_min", least=1)
    if people_min is None:
        row.fault("people_min is missing", "people_min")
    return Threshold(
        id=row.text("id"),
        applies_to=row.texts("applies_to"),
        people_min=people_min,
        people_max=row.whole("people_max", least=1),
        representatives_min=row.whole("representatives_min", least=1),
        representatives_max=row.whole("representatives_max", least=1),
        citation=row.text("citation"),
        effective_from=row.day("effective_from"),
        effective_to=row.day("effective_to"),
        verified=row.one_of("status", ("verified", "unverified")) == "verified",
    )


def _read_local_term(row: Row) -> LocalTerm:
    row.check_keys(("rule", "amount", "unit", "citation", "effective_from", "status"))
    amount = row.whole("amount", least=1)
    if amount is None:
        raise DataFault(file=row.file, line=row.line, fault="amount is missing")
    return LocalTerm(
        rule=row.text("rule"),
        amount=amount,
        unit=row.one_of("unit", (CALENDAR_DAYS, WORKING_DAYS)),
        citation=row.text("citation"),
        effective_from=row.required_day("effective_from"),
        verified=row.one_of("status", ("verified", "unverified")) == "verified",
    )
