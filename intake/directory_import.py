"""The customer's own list of agencies: read, compare, report every fault by row, then write.

The shipped rows stay untouched. What the customer adds or corrects goes to an overlay file in the
data folder, which `Directory.load` merges over them. A dry run and the real run make the same plan;
only the real run writes, and only when no row has a fault.
"""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from intake.directory import Directory, read_classes
from intake.directory_names import NameSearch, read_name_words
from intake.directory_rows import (
    COLUMNS,
    COMMON,
    NATIONAL,
    NOTHING,
    Province,
    Row,
    merge,
    read_csv,
    read_toml,
    slug,
)
from intake.errors import DataFault
from intake.places import Gazetteer
from intake.sheets import read_sheet
from intake.text import clean, fold

MOST_FAULTS = 200
"""Faults reported at once; a list with more is probably another kind of file."""


@dataclass(frozen=True)
class Change:
    """What one row of the list does: `kind` is `new`, `changed`, `closed` or `same`.

    `fields` holds (column, before, after) of every cell that changes.
    """

    line: int
    code: str
    kind: str
    fields: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class ImportPlan:
    """What an import would do. `faults` are (line, reason), `rows` the overlay rows it would write.

    `moves` holds (code, codes that take over) of the bodies it closes: their open cases move.
    """

    changes: tuple[Change, ...]
    faults: tuple[tuple[int, str], ...]
    rows: tuple[Mapping[str, str], ...]
    moves: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Clash:
    """A name that leads to several bodies of the day, and their codes."""

    name: str
    codes: tuple[str, ...]


def plan_import(path: Path, directory: Directory, gazetteer: Gazetteer) -> ImportPlan:
    """Compare a list with the directory, without changing anything.

    Args:
        path: CSV (UTF-8, with comma, semicolon or tab) or XLSX; the first line names the columns,
            in English or as `columns.toml` lists them in Vietnamese, any subset in any order. An
            empty cell keeps what is known, `-` empties it. A row without code gets one from its
            name. Dates are ISO or dd/mm/yyyy.
        directory: the present one, overlay included.
        gazetteer: for communes given by name.

    Raises:
        DataFault: the file as a whole cannot be read.
    """
    reader = _Reader(path, directory.province, gazetteer)
    given, faults = reader.rows()
    while len(faults) < MOST_FAULTS:
        rows = dict(directory.rows)
        for row in given:
            merge(rows, row)
        try:
            after = Directory.build(directory.province, rows, gazetteer, version="plan")
        except DataFault as fault:
            line = int(str(fault.values["line"]))
            faults.append((line, str(fault.values["fault"])))
            kept = [row for row in given if row.line != line or row.file != fault.values["file"]]
            if len(kept) == len(given) or fault.values["file"] != path.name:
                # A row of the list broke another one: without the list that one was right.
                break
            given = kept
        else:
            changes = tuple(_change(row, directory.rows, rows) for row in given)
            closed = [c.code for c in changes if c.kind == "closed"]
            moves = tuple((code, after.get(code).successors) for code in closed)
            return ImportPlan(
                changes, tuple(sorted(faults)), tuple(row.values for row in given), moves
            )
    return ImportPlan((), tuple(sorted(faults)), (), ())


def write_overlay(plan: ImportPlan, folder: Path, province: Province) -> Path:
    """Merge the plan's rows into the overlay file, whole or not at all; returns its path.

    Raises:
        DataFault: the plan has faults, or the present overlay cannot be read.
        OSError: the folder cannot be written.
    """
    path = folder / f"{province.slug}.csv"
    if plan.faults:
        line, fault = plan.faults[0]
        raise DataFault(file=path.name, line=line, fault=fault)
    rows: dict[str, dict[str, str]] = {}
    if path.is_file():
        rows = {row.values["code"]: dict(row.values) for row in read_csv(path, COLUMNS)}
    for values in plan.rows:
        kept = rows.setdefault(values["code"], dict.fromkeys(COLUMNS, ""))
        kept.update({column: cell for column, cell in values.items() if cell})
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows.values())
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=folder, prefix=".new-", suffix=".csv", delete=False
    ) as file:
        file.write(text.getvalue())
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
    return path


def clashing_names(directory: Directory, day: date) -> tuple[Clash, ...]:
    """Names, short forms and old names that lead to different bodies of that day.

    A predecessor that was split leads to several bodies on purpose and is no clash by itself; two
    rows that share a name and end at different bodies are.
    """
    words = read_name_words(COMMON / "names.toml")
    search = NameSearch((), words)
    ends: dict[tuple[str, ...], dict[tuple[str, ...], str]] = {}
    for code in directory.codes():
        agency = directory.get(code)
        bodies = tuple(body.code for body in directory.current(code, day))
        if not bodies:
            continue
        for name in {agency.name, agency.short_name, *agency.aliases}:
            key = tuple(word.folded for word in search.words_of(name))
            ends.setdefault(key, {})[bodies] = name
    clashes = [
        Clash(min(targets.values()), tuple(dict.fromkeys(c for bodies in targets for c in bodies)))
        for targets in ends.values()
        if len(targets) > 1
    ]
    return tuple(sorted(clashes, key=lambda clash: clash.name))


def _change(row: Row, before: Mapping[str, Row], after: Mapping[str, Row]) -> Change:
    code = row.values["code"]
    old = before[code].values if code in before else {}
    new = after[code].values
    fields = tuple(
        (column, old.get(column, ""), new.get(column, ""))
        for column in COLUMNS
        if old.get(column, "") != new.get(column, "")
    )
    if code not in before:
        kind = "new"
    elif any(column == "valid_until" and then for column, _, then in fields):
        kind = "closed"
    else:
        kind = "changed" if fields else "same"
    return Change(row.line, code, kind, fields)


class _Reader:
    """Turns the customer's columns, dates and names into the directory's."""

    def __init__(self, path: Path, province: Province, gazetteer: Gazetteer) -> None:
        words = read_toml(COMMON / "columns.toml")
        self.path = path
        self.province = province
        self.headings: dict[str, str] = {
            fold(h): c for c, names in words["columns"].items() for h in (c, *names)
        }
        self.headings |= {column: column for column in COLUMNS}
        self.flags: dict[str, str] = {
            fold(w): flag for flag, names in words["cells"].items() for w in names
        }
        self.levels: dict[str, str] = {
            fold(w): lvl for lvl, names in words["levels"].items() for w in names
        }
        classes = read_classes(COMMON / "classes.toml").values()
        self.classes = {fold(c.name): c.id for c in classes}
        self.communes = {fold(p.label): p.code for p in gazetteer.communes(province.slug)}

    def rows(self) -> tuple[list[Row], list[tuple[int, str]]]:
        """Rows that can be read, and (line, reason) of those that can't."""
        lines = read_sheet(self.path)
        if not lines:
            raise DataFault(file=self.path.name, line=0, fault="the list is empty")
        (top, headings), *body = lines
        columns = self._columns(headings, top)
        rows: list[Row] = []
        faults: list[tuple[int, str]] = []
        seen: dict[str, int] = {}
        for line, cells in body:
            try:
                row = self._row(dict(zip(columns, cells, strict=False)), line)
                code = row.values["code"]
                if code in seen:
                    raise row.fault(f"code {code} stands on line {seen[code]} already")
                seen[code] = line
                rows.append(row)
            except DataFault as fault:
                faults.append((line, str(fault.values["fault"])))
        return rows, faults

    def _columns(self, headings: Sequence[str], line: int) -> list[str]:
        unknown = [h for h in headings if h and fold(h) not in self.headings]
        columns = [self.headings.get(fold(heading), "") for heading in headings]
        named = [column for column in columns if column]
        if unknown:
            fault = f"unknown column {unknown[0]}"
        elif len(set(named)) != len(named):
            fault = "a column stands twice"
        elif "code" not in named and "name" not in named:
            fault = "neither code nor name among the columns"
        else:
            return columns
        raise DataFault(file=self.path.name, line=line, fault=fault)

    def _row(self, cells: Mapping[str, str], line: int) -> Row:
        values = {column: clean(cell) for column, cell in cells.items() if column}
        row = Row(values, self.path.name, line)
        for column, cell in list(values.items()):
            if cell and cell != NOTHING:
                values[column] = self._value(column, cell, row)
        if not values.get("code"):
            if not values.get("name"):
                raise row.fault("neither code nor name")
            values["code"] = self.province.code(slug(values.get("short_name") or values["name"]))
        if values["code"].startswith(NATIONAL):
            raise row.fault("bodies of the whole country are not the province's to change")
        return Row({c: values.get(c, "") for c in COLUMNS}, self.path.name, line)

    def _value(self, column: str, cell: str, row: Row) -> str:
        folded = fold(cell)
        match column:
            case "valid_from" | "valid_until":
                return _iso(cell, row, column)
            case "competent" | "main" | "verified":
                return self.flags.get(folded, cell)
            case "level":
                return self.levels.get(folded, cell)
            case "class":
                return self.classes.get(folded, cell)
            case "place" | "serves":
                parts = [part.strip() for part in cell.split("|") if part.strip()]
                return "|".join(self.communes.get(fold(part), part) for part in parts)
            case _:
                return cell.replace("\n", " ")


def _iso(cell: str, row: Row, column: str) -> str:
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(cell, form).date().isoformat()  # noqa: DTZ007  # a civil date
        except ValueError:
            continue
    raise row.fault(f"{column}: no date (yyyy-mm-dd or dd/mm/yyyy): {cell}")
