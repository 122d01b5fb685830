"""The citizen-reception section: which sentences are said, in which order, for these figures.

Zero is said in words and only where it is a fact; what nobody recorded is said to be missing.
Judgement words stand as marked blanks: an officer writes them, the program never does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from admin.reports.figures import Figures
from admin.reports.numbers import day, grouped, signed
from admin.reports.phrases import Run, Runs, fill, joined, listed, phrase, table
from intake.clock import CIVIL_ZONE
from intake.counting.rules import counting_rules
from intake.periods import CUSTOM
from intake.register import ReceptionDay


@dataclass(frozen=True)
class Paragraph:
    """One paragraph. `kind`: heading1, heading2, note, text, bullet, hint or missing."""

    kind: str
    runs: Runs


@dataclass(frozen=True)
class Cell:
    """A table cell; `number` links it to its records, `numeric` aligns it right."""

    text: str
    number: str = ""
    numeric: bool = False


@dataclass(frozen=True)
class Grid:
    """A table with a head row; `caption` and `footer` stand above and below it."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    footer: str


@dataclass(frozen=True)
class Section:
    """The report's content, apart from letterhead and layout."""

    figures: Figures
    period: str
    subject: str
    days: str
    paragraphs: tuple[Paragraph, ...]
    summary: Grid
    trend: Grid | None
    generated_at: datetime

    @property
    def ready(self) -> bool:
        """Whether it may be sent: no rule blocks it."""
        return not self.figures.blocking


def build_section(figures: Figures, notices: Sequence[ReceptionDay], *, now: datetime) -> Section:
    """Write the report for these figures.

    Args:
        notices: the reception days of the period, for the announcement of the schedule.
    """
    writer = _Writer(figures, notices)
    return Section(
        figures=figures,
        period=writer.period,
        subject=table()["title"]["subject"].format(period=writer.period),
        days=writer.days,
        paragraphs=tuple(writer.paragraphs()),
        summary=_summary(figures, writer.period, now),
        trend=_trend(figures) if "trend" in writer.parts and not figures.missing else None,
        generated_at=now,
    )


def period_label(figures: Figures) -> str:
    """`quý III năm 2026`, or the two days of an interval of the caller's own."""
    period = figures.period
    if period.code == CUSTOM:
        label: str = table()["title"]["custom_period"]
        return label.format(first=day(period.first_day), last=day(period.last_day))
    return period.label.format(year=period.year)


class _Writer:
    """Writes the parts one after the other; each method is one part."""

    def __init__(self, figures: Figures, notices: Sequence[ReceptionDay]) -> None:
        self.figures = figures
        self.notices = notices
        self.period = period_label(figures)
        self.first = day(figures.period.first_day)
        self.last = day(figures.period.last_day)
        short = figures.period.cut_short
        self.days = phrase("days_short" if short else "days").format(
            first=self.first, last=self.last
        )
        variants = table()["variant"]
        code = figures.period.code
        self.parts: list[str] = variants.get(code) or variants.get(code[0]) or variants["custom"]

    def paragraphs(self) -> Iterator[Paragraph]:
        """The whole text."""
        titles = table()["title"]
        yield self.line("text", "opening")
        yield Paragraph("note", (Run(self.days),))
        yield Paragraph("heading1", (Run(titles["results"]),))
        yield from self.results()
        for key in ("weaknesses", "directions", "proposals"):
            yield Paragraph("heading1", (Run(titles[key]),))
            if key == "weaknesses":
                yield from self.hints()
            yield self.line("text", key)
        yield self.line("text", "closing")

    def results(self) -> Iterator[Paragraph]:
        """Everything that has figures behind it."""
        if self.figures.missing:
            missing = phrase("missing").format(agency=self.figures.body.name)
            yield Paragraph("missing", (Run(missing, style="missing"),))
            return
        if not self.value("01/TCD.c1") and not self.value("02/XLD.c1") and not self.held_days():
            yield self.stated("nothing", "01/TCD.c1", "02/XLD.c1")
        number = 0
        for part in self.parts:
            written = list(getattr(self, part)())
            if not written:
                continue
            number += 1
            yield Paragraph("heading2", (Run(f"{number}. {table()['part'][part]}"),))
            yield from written

    # ---- the parts ----------------------------------------------------------------------------

    def reception(self) -> Iterator[Paragraph]:
        """Visits by regime, groups, documents."""
        yield from self.announcements()
        if not self.value("01/TCD.c1"):
            key = "reception_empty" if self.held_days() else "reception_none"
            yield self.stated(key, "01/TCD.c1")
        else:
            yield self.line("text", "reception_total")
            yield from self.regimes()
        documents = joined(self.figures, ("document_conclusions", "document_directives"))
        if documents:
            yield self.line("text", "documents", list=documents)
        if self.value("documents.result_report"):
            yield self.line("text", "document_reports")

    def regimes(self) -> Iterator[Paragraph]:
        """One bullet a regime, then large groups."""
        regular = "regular" if self.value("reception.regular.cases") else "regular_moved"
        yield self.bullet("reception.regular.visits", regular, "regular_none")
        if self.value("reception.periodic.visits"):
            dated = "periodic" if self.value("reception.days.periodic") else "periodic_undated"
            yield self.line("bullet", dated)
        elif self.value("reception.days.periodic"):
            yield self.stated("periodic_empty", "reception.periodic.visits", kind="bullet")
        else:
            yield self.stated("periodic_none", "reception.periodic.visits", kind="bullet")
        ad_hoc = "ad_hoc" if self.value("reception.ad_hoc.cases") else "ad_hoc_moved"
        yield self.bullet("reception.ad_hoc.visits", ad_hoc, "ad_hoc_none")
        if self.value("01/TCD.c17"):
            yield self.line("bullet", "delegated")
        yield self.bullet("01/TCD.c4", "groups", "groups_none")

    def announcements(self) -> Iterator[Paragraph]:
        """The notices of the schedule: those the reception days of the period name."""
        seen = {
            (row.notice_on, row.notice_number, row.posted_at)
            for row in self.notices
            if row.notice_number and row.notice_on is not None
        }
        for on, number, place in sorted(seen):
            key = "schedule" if place else "schedule_unposted"
            yield self.line("text", key, number=number, day=day(on), place=place)

    def petitions(self) -> Iterator[Paragraph]:
        """Petitions received, processed, eligible, competent."""
        if not self.value("02/XLD.c1"):
            yield self.stated("petitions_none", "02/XLD.c1")
        else:
            yield from self.petition_totals()
            if self.value("02/XLD.c4"):
                yield from self.own_petitions()
            elif self.value("02/XLD.c3"):
                yield self.line("text", "own_none")
            if self.value("02/XLD.c23"):
                outcomes = joined(self.figures, ("others_guided", "others_forwarded"))
                yield self.line("text", "others", list=outcomes)
        drafts = joined(self.figures, ("draft_complaints", "draft_denunciations", "draft_mixed"))
        if drafts:
            yield self.line("text", "drafts", list=drafts)

    def petition_totals(self) -> Iterator[Paragraph]:
        """The total, where it came from, and how far it was processed."""
        parts = []
        if self.value("petitions.carried"):
            parts.append(self.runs("petitions_carried"))
        received = self.value("petitions.received")
        parts.append(self.runs("petitions_received" if received else "petitions_received_none"))
        sentences = [self.runs("petitions_total", list=listed(parts))]
        if self.value("02/XLD.c2"):
            eligible = (
                "petitions_eligible" if self.value("02/XLD.c3") else "petitions_eligible_none"
            )
            sentences.append(self.runs("petitions_processed", eligible=self.runs(eligible)))
            if self.value("petitions.unprocessed"):
                sentences.append(self.runs("petitions_unprocessed"))
        else:
            sentences.append(self.runs("petitions_none_processed"))
        yield Paragraph("text", _spaced(sentences))

    def own_petitions(self) -> Iterator[Paragraph]:
        """Competent petitions by kind and main field; kinds without any are named as such."""
        kinds = (
            ("02/XLD.c6", "own_complaints", "kind_complaints"),
            ("02/XLD.c12", "own_denunciations", "kind_denunciations"),
            ("02/XLD.c19", "own_proposals", "kind_proposals"),
        )
        present = joined(self.figures, [key for number, key, _ in kinds if self.value(number)])
        sentences = [self.runs("own", list=present)]
        none = [(number, phrase(name)) for number, _, name in kinds if not self.value(number)]
        if none:
            words = _capital(plain_list([name for _, name in none]))
            mark = self.mark(*(number for number, _ in none))
            sentences.append((*self.runs("kinds_none", kinds=words), *mark))
        field = self.main_field()
        if field:
            code, label = field
            sentence = phrase("field").replace("NUMBER", f"petitions.field.{code}")
            sentences.append(fill(self.figures, sentence, field=_lower(label)))
        yield Paragraph("text", _spaced(sentences))

    def main_field(self) -> tuple[str, str] | None:
        """The one field with most petitions; none where two tie or most have no field."""
        rows = [
            (self.value(f"petitions.field.{field.code}"), field.code, field.label)
            for field in counting_rules().fields
        ]
        rows.sort(key=lambda row: row[0], reverse=True)
        (most, code, label), second = rows[0], rows[1]
        if most == second[0] or code == "other" or most < 2:
            return None
        return code, label

    def settlement(self) -> Iterator[Paragraph]:
        """Complaints, denunciations, answered proposals, cases past their term."""
        for kind, form in (("complaints", "03/GQKN"), ("denunciations", "04/GQTC")):
            clauses = []
            if self.value(f"{form}.c2"):
                states = ("considered", "accepted", "refused", "withdrawn")
                inner = joined(self.figures, [f"{kind}_{state}" for state in states])
                clauses.append(self.runs(f"{kind}_cases", list=inner))
            if self.value(f"{form}.c7"):
                verdicts = _VERDICTS[kind]
                inner = joined(self.figures, [f"{kind}_{verdict}" for verdict in verdicts])
                clauses.append(self.runs(f"{kind}_issued", list=inner))
            if clauses:
                yield self.line("bullet", kind, list=listed(clauses, clauses=True))
            else:
                yield self.stated(f"{kind}_none", f"{form}.c7", kind="bullet")
        if self.value("proposals.answered"):
            yield self.line("bullet", "proposals_answered")
        overdue = joined(self.figures, ("overdue_complaints", "overdue_denunciations"))
        if overdue:
            yield self.line("bullet", "overdue", list=overdue)
        for kind in ("complaint", "denunciation"):
            yield from self.remedies(kind)

    def remedies(self, kind: str) -> Iterator[Paragraph]:
        """What decisions of the period recover, return, and whom they have disciplined."""
        clauses = []
        for what in ("state", "returned"):
            amounts = joined(self.figures, [f"{kind}_{what}_money", f"{kind}_{what}_land"])
            if amounts:
                clauses.append(self.runs(f"{kind}_{what}", list=amounts))
        rest = ["disciplined", "police"]
        if kind == "denunciation":
            rest.insert(0, "organisations")
        clauses += [runs for what in rest if (runs := joined(self.figures, [f"{kind}_{what}"]))]
        if clauses:
            yield self.line("text", f"{kind}_remedies", list=listed(clauses, clauses=True))

    def enforcement(self) -> Iterator[Paragraph]:
        """Decisions and conclusions to carry out, and what was collected."""
        for kind, due, done in (
            ("complaints", "05/KQTH.c1", "05/KQTH.c2"),
            ("denunciations", "05/KQTH.c16", "05/KQTH.c17"),
        ):
            ending = "" if self.value(done) else "_open" if self.value(due) else "_none"
            yield self.line("bullet", f"enforcement_{kind}{ending}")
        collected = joined(self.figures, ("enforcement_collected_c", "enforcement_collected_d"))
        if collected:
            yield self.line("bullet", "enforcement_collected", list=collected)

    def dialogues(self) -> Iterator[Paragraph]:
        """Dialogues held; a planned one that did not take place is no result."""
        if not self.value("dialogues.held"):
            yield self.line("text", "dialogues_none")
            return
        parts = [
            self.runs(f"dialogue_{name}")
            for name in ("people", "opinions", "answered")
            if self.value(f"dialogues.{name}")
        ]
        tail = tuple(run for part in parts for run in part)
        yield self.line("text", "dialogues", list=tail)

    def feedback(self) -> Iterator[Paragraph]:
        """Feedback on administrative rules, which form 02/XLD does not hold."""
        parts = joined(
            self.figures, ("feedback_received", "feedback_processed", "feedback_pending")
        )
        if parts:
            yield self.line("text", "feedback", list=parts)
        else:
            yield self.line("text", "feedback_none")

    def trend(self) -> Iterator[Paragraph]:
        """Said by its table; a remark on it is the officer's."""
        yield self.line("text", "remarks")

    def hints(self) -> Iterator[Paragraph]:
        """Facts an officer may want for the paragraph on weaknesses."""
        if self.figures.missing:
            return
        wanted = (
            "hint_days",
            "hint_overdue_complaints",
            "hint_overdue_denunciations",
            "hint_groups",
            "hint_unprocessed",
        )
        rows = [runs for key in wanted if (runs := joined(self.figures, [key]))]
        if rows:
            yield Paragraph("hint", (Run(phrase("hints"), style="blank"),))
            for runs in rows:
                yield Paragraph("hint", runs)

    # ---- helpers ------------------------------------------------------------------------------

    def value(self, number: str) -> int | Decimal:
        """A value by its id."""
        return self.figures.value(number)

    def held_days(self) -> bool:
        """Whether the head sat on at least one announced day."""
        return bool(self.value("reception.days.periodic"))

    def runs(self, key: str, **values: str | Sequence[Run]) -> Runs:
        """A sentence of the table with what every sentence may name."""
        body = self.figures.body
        scope = body.scope_own if self.figures.scope == "own" else body.scope_all
        shared: dict[str, str | Sequence[Run]] = {
            "agency": body.name,
            "head": body.head,
            "scope": scope,
            "period": self.period,
            "first": self.first,
            "last": self.last,
            "threshold": f"{counting_rules().group_threshold:02}",
        }
        return fill(self.figures, phrase(key), **{**shared, **values})

    def line(self, kind: str, key: str, **values: str | Sequence[Run]) -> Paragraph:
        """One sentence as a paragraph."""
        return Paragraph(kind, self.runs(key, **values))

    def bullet(self, number: str, some: str, none: str) -> Paragraph:
        """One bullet: the sentence with numbers, or the statement that there were none."""
        if self.value(number):
            return self.line("bullet", some)
        return self.stated(none, number, kind="bullet")

    def stated(self, key: str, *numbers: str, kind: str = "text") -> Paragraph:
        """A statement of zero; marked while no officer has confirmed it."""
        return Paragraph(kind, (*self.runs(key), *self.mark(*numbers)))

    def mark(self, *numbers: str) -> Runs:
        """The mark after a statement of zero that nobody has confirmed."""
        if any(number in self.figures.unconfirmed for number in numbers):
            return (Run(phrase("unconfirmed"), style="missing"),)
        return ()


_VERDICTS = {
    "complaints": ("true", "partly", "false", "upheld", "changed"),
    "denunciations": (
        "true",
        "partly",
        "false",
        "true_again",
        "partly_again",
        "false_again",
    ),
}


def plain_list(words: Sequence[str]) -> str:
    """Words as a list in a sentence."""
    return "".join(run.text for run in listed([(Run(word),) for word in words]))


def _spaced(sentences: Iterable[Runs]) -> Runs:
    found: list[Run] = []
    for sentence in sentences:
        if found:
            found.append(Run(" "))
        found.extend(sentence)
    return tuple(found)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


# ---- tables -----------------------------------------------------------------------------------


def _summary(figures: Figures, period: str, now: datetime) -> Grid:
    words = table()["table"]
    head = tuple(column.format(period=_capital(period)) for column in words["columns"])
    rows = [] if figures.missing else [_summary_row(figures, row) for row in words["row"]]
    moment = figures.snapshot.taken_at if figures.snapshot else now
    local = moment.astimezone(CIVIL_ZONE)
    locked = words["locked" if figures.snapshot else "not_locked"].format(
        time=f"{local:%H:%M}", day=day(local.date())
    )
    footer = words["footer"].format(
        first=day(figures.period.first_day),
        last=day(figures.period.last_day),
        locked=locked,
        agency=figures.body.name,
    )
    return Grid(table()["title"]["table"], head, tuple(rows), footer)


def _summary_row(figures: Figures, row: Sequence[str]) -> tuple[Cell, ...]:
    number, label, unit, name, form = row
    dash = Cell(table()["table"]["not_compared"], numeric=True)
    value = figures.value(name)
    found = figures.change(name)
    before = difference = share = dash
    if found is not None:
        before = Cell(grouped(found.before), numeric=True)
        difference = Cell(signed(found.difference), numeric=True)
        if found.percent:
            sign = "-" if found.difference < 0 else "+" if found.difference > 0 else ""
            share = Cell(f"{sign}{found.percent}", numeric=True)
    return (
        Cell(number),
        Cell(label),
        Cell(unit),
        Cell(grouped(value), number=name, numeric=True),
        before,
        difference,
        share,
        Cell(form),
    )


def _trend(figures: Figures) -> Grid:
    words = table()["table"]
    rows = []
    for quarter, values in figures.quarters:
        cells = [Cell(quarter.label.format(year=quarter.year))]
        cells += [Cell(grouped(values[name]), numeric=True) for name in words["trend_numbers"]]
        rows.append(tuple(cells))
    return Grid(
        table()["part"]["trend"], tuple(words["trend_columns"]), tuple(rows), words["trend_note"]
    )
