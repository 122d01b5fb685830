"""The statistical forms as data: columns, headings and the relations their numbers must satisfy.

The forms are `data/reports/forms-*.toml`, one file an edition; a new circular is a new file, and
reports of earlier periods keep theirs.
"""

from __future__ import annotations

import operator
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from intake.errors import DataFault, InvalidInput

_FOLDER = Path(__file__).parent / "data" / "reports"
_SIDES = re.compile(r"(.+?)(<=|>=|=)(.+)")
_TERM = re.compile(r"(?:(\d+)\*)?(?:([0-9A-Z/]+)\.)?c(\d+)")
_COMPARE: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "=": operator.eq,
    "<=": operator.le,
    ">=": operator.ge,
}

Cells = Mapping[str, Decimal | int | None]
"""Values by cell name, `01/TCD.c5`; None is "not stated"."""


@dataclass(frozen=True)
class Term:
    """`factor` times one cell, by its full name."""

    factor: int
    cell: str


@dataclass(frozen=True)
class Relation:
    """An equation or inequality between cells. `strict`: a report that breaks it is not sent."""

    text: str
    form: str
    left: tuple[Term, ...]
    sign: str
    right: tuple[Term, ...]
    strict: bool

    @property
    def cells(self) -> tuple[str, ...]:
        """All cells it speaks of."""
        return tuple(term.cell for term in (*self.left, *self.right))


@dataclass(frozen=True)
class Outcome:
    """A relation with the values of both its sides."""

    relation: Relation
    left: Decimal
    right: Decimal
    holds: bool


@dataclass(frozen=True)
class Column:
    """One column. `headings`: the widest first. `additive`: consecutive periods add up."""

    number: int
    headings: tuple[str, ...]
    unit: str
    additive: bool
    cell: str

    @property
    def title(self) -> str:
        """The headings in one line."""
        return " – ".join(self.headings)


@dataclass(frozen=True)
class Form:
    """One form: code (`01/TCD`), title, columns in order, its own relations."""

    code: str
    title: str
    columns: tuple[Column, ...]
    relations: tuple[Relation, ...]


@dataclass(frozen=True)
class FormSet:
    """One edition of the forms. `words`: fixed phrases of the sheets, by key."""

    code: str
    source: str
    verified: bool
    forms: tuple[Form, ...]
    cross: tuple[Relation, ...]
    words: Mapping[str, str]
    check_columns: tuple[str, ...]

    @property
    def relations(self) -> tuple[Relation, ...]:
        """All relations, within forms and between them."""
        return (*(relation for form in self.forms for relation in form.relations), *self.cross)

    def form(self, code: str) -> Form:
        """The form of that code.

        Raises:
            InvalidInput: there is none.
        """
        for form in self.forms:
            if form.code == code:
                return form
        raise InvalidInput(field="form", reason="unknown")

    def column(self, cell: str) -> Column | None:
        """The column of a cell name, None if the name is none of this set."""
        code = cell.partition(".")[0]
        columns = next((form.columns for form in self.forms if form.code == code), ())
        return next((column for column in columns if column.cell == cell), None)


@cache
def form_set(code: str) -> FormSet:
    """The edition of that code, such as `TT06-2025`.

    Raises:
        InvalidInput: there is none.
        DataFault: its file is malformed.
    """
    path = _FOLDER / f"forms-{code.lower()}.toml"
    if not re.fullmatch(r"[A-Za-z0-9-]+", code) or not path.is_file():
        raise InvalidInput(field="form_set", reason="unknown")
    with path.open("rb") as file:
        table = tomllib.load(file)
    try:
        forms = tuple(_form(row) for row in table["form"])
        known = {column.cell for form in forms for column in form.columns}
        loaded = FormSet(
            code=table["form_set"],
            source=table["source"],
            verified=table["verified"],
            forms=forms,
            cross=tuple(_relation(text, "", strict=True) for text in table["cross"]),
            words={key: value for key, value in table.items() if isinstance(value, str)},
            check_columns=tuple(table["check_columns"]),
        )
        unknown = {cell for row in loaded.relations for cell in row.cells} - known
        if unknown:
            raise ValueError(f"relations name unknown cells: {', '.join(sorted(unknown))}")
    except (KeyError, TypeError, ValueError) as error:
        raise DataFault(file=path.name, line="form", fault=str(error)) from error
    return loaded


def evaluate(relation: Relation, cells: Cells) -> Outcome | None:
    """Both sides of a relation; None where a cell it speaks of is not stated."""
    left, right = _side(relation.left, cells), _side(relation.right, cells)
    if left is None or right is None:
        return None
    return Outcome(relation, left, right, _COMPARE[relation.sign](left, right))


def broken_relations(chosen: FormSet, cells: Cells) -> list[Outcome]:
    """The relations that do not hold; those with an unstated cell are left out."""
    outcomes = (evaluate(relation, cells) for relation in chosen.relations)
    return [outcome for outcome in outcomes if outcome is not None and not outcome.holds]


def _side(terms: tuple[Term, ...], cells: Cells) -> Decimal | None:
    total = Decimal(0)
    for term in terms:
        value = cells.get(term.cell)
        if value is None:
            return None
        total += term.factor * Decimal(value)
    return total


def _form(row: Mapping[str, object]) -> Form:
    code = str(row["code"])
    listed, additive = row["columns"], row["additive"]
    if not isinstance(listed, list) or not isinstance(additive, list):
        raise TypeError(f"{code}: columns")
    columns = tuple(
        Column(number, tuple(headings), unit, number in additive, f"{code}.c{number}")
        for number, headings, unit in listed
    )
    if [column.number for column in columns] != list(range(1, len(columns) + 1)):
        raise ValueError(f"{code}: column numbers")
    relations = []
    for key, strict in (("eq", True), ("le", True), ("soft", False)):
        texts = row[key]
        if not isinstance(texts, list):
            raise TypeError(f"{code}: {key}")
        relations += [_relation(text, code, strict=strict) for text in texts]
    return Form(code, str(row["title"]), columns, tuple(relations))


def _relation(text: str, form: str, *, strict: bool) -> Relation:
    sides = _SIDES.fullmatch(text)
    if sides is None:
        raise ValueError(f"no relation: {text}")
    return Relation(text, form, _terms(sides[1], form), sides[2], _terms(sides[3], form), strict)


def _terms(side: str, form: str) -> tuple[Term, ...]:
    terms = []
    for part in side.split("+"):
        found = _TERM.fullmatch(part)
        if found is None:
            raise ValueError(f"no cell: {part}")
        terms.append(Term(int(found[1] or 1), f"{found[2] or form}.c{found[3]}"))
    return tuple(terms)
