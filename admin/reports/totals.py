"""Typed totals of a paper report: read from JSON or a spreadsheet into one shape.

Whatever is absent or null is not stated, and nothing is guessed for it. Words for zero count as
zero; "hơn 12" is no count and is reported as such.
"""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NoReturn, TypeGuard

from admin.reports.findings import Finding, finding, wording
from intake.errors import InvalidInput
from intake.text import fold

LARGEST = 10_000_000  # bytes; a typed report is a few kilobytes
_MOST_ROWS = 2_000
_MOST_COLUMNS = 60
BLOCKS = ("total", "regular", "periodic", "ad_hoc", "staff", "head", "delegate")
MEASURES = ("visits", "people", "cases", "groups", "group_people")
OUTCOMES = ("true", "partly_true", "false", "pending", "withdrawn")
_GROUPED = re.compile(r"\d{1,3}(\.\d{3})+|\d+")
_VIETNAMESE_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_CELL = re.compile(r"0[1-6]/[A-Z]+\.c\d+")

Counts = Mapping[str, int | None]


@dataclass(frozen=True)
class Reception:
    """Blocks (total, regular, …) of measures (visits, people, …); unstated ones are None."""

    blocks: Mapping[str, Counts]
    group_threshold: int | None
    threshold_noted: bool

    def get(self, block: str, measure: str) -> int | None:
        """A stated value, or None."""
        return self.blocks.get(block, {}).get(measure)


@dataclass(frozen=True)
class Claim:
    """A comparison a report prints: two counts and the percentage it gives for their difference."""

    name: str
    now: int
    before: int
    percent: Decimal | None


@dataclass(frozen=True)
class Totals:
    """Everything a file states. `cells`: values of forms by cell name."""

    first: date | None
    last: date | None
    reception: Reception
    denunciations: Counts
    claims: tuple[Claim, ...]
    cells: Mapping[str, Decimal]
    comparison: Totals | None
    findings: tuple[Finding, ...]
    unknown_keys: tuple[str, ...]

    @property
    def states_nothing(self) -> bool:
        """Whether there is no number at all."""
        stated = [value for block in self.reception.blocks.values() for value in block.values()]
        stated += list(self.denunciations.values())
        return all(value is None for value in stated) and not self.cells and not self.claims


def read_totals(content: bytes) -> Totals:
    """Typed totals from the bytes of a JSON or XLSX file.

    Raises:
        InvalidInput: the file can't be read as such, or a value is no count.
    """
    if len(content) > LARGEST:
        raise InvalidInput(field="file", reason="too_long")
    table = _from_workbook(content) if content[:2] == b"PK" else _from_json(content)
    return _Reader().totals(table, "")


def _from_json(content: bytes) -> Mapping[str, Any]:
    try:
        table = json.loads(content.decode("utf-8-sig"), parse_constant=_no_constant)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InvalidInput(field="file", reason="malformed") from error
    if not isinstance(table, dict):
        raise InvalidInput(field="file", reason="malformed")
    return table


def _no_constant(text: str) -> NoReturn:
    raise ValueError(text)


class _Reader:
    """One pass over the table; collects what is odd besides what is stated."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.unknown: list[str] = []

    def totals(self, table: Mapping[str, Any], path: str) -> Totals:
        """The whole table; `path` names it in messages ("" or "comparison.")."""
        if table.get("report") in ("forms", "section"):
            return self._own(table)
        known = {"period", "reception", "denunciations", "comparison", "claims", "cells", "forms"}
        self._note_unknown(table, known, path)
        period = self._section(table, "period", path)
        first, last = self._day(period, "from", path), self._day(period, "to", path)
        comparison = self._section(table, "comparison", path)
        return Totals(
            first=first,
            last=last,
            reception=self._reception(self._section(table, "reception", path), path),
            denunciations=self._counts(
                self._section(table, "denunciations", path),
                ("total", *OUTCOMES),
                f"{path}denunciations",
            ),
            claims=tuple(self._claims(table.get("claims"), path)),
            cells=self._cells(table),
            comparison=self.totals(comparison, f"{path}comparison.") if comparison else None,
            findings=tuple(self.findings) if not path else (),
            unknown_keys=tuple(self.unknown) if not path else (),
        )

    def _own(self, table: Mapping[str, Any]) -> Totals:
        """What this program wrote itself: the period and the cells."""
        numbers = self._section(table, "numbers", "")
        stated = {
            name: value.get("value")
            for name, value in numbers.items()
            if _CELL.fullmatch(name) and isinstance(value, dict)
        }
        return self.totals(
            {
                "period": {
                    name: self._section(table, "period", "").get(name) for name in ("from", "to")
                },
                "forms": table.get("forms"),
                "cells": stated,
            },
            "",
        )

    def _section(self, table: Mapping[str, Any], name: str, path: str) -> Mapping[str, Any]:
        found = table.get(name)
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise InvalidInput(field=f"{path}{name}", reason="malformed")
        return found

    def _reception(self, table: Mapping[str, Any], path: str) -> Reception:
        self._note_unknown(
            table, {*BLOCKS, "group_threshold", "threshold_note"}, f"{path}reception."
        )
        blocks = {
            block: self._counts(
                self._section(table, block, f"{path}reception."),
                MEASURES,
                f"{path}reception.{block}",
            )
            for block in BLOCKS
        }
        threshold = self._count(table.get("group_threshold"), f"{path}reception.group_threshold")
        return Reception(blocks, threshold, bool(table.get("threshold_note")))

    def _counts(
        self, table: Mapping[str, Any], names: Sequence[str], path: str
    ) -> dict[str, int | None]:
        self._note_unknown(table, set(names), f"{path}.")
        return {name: self._count(table.get(name), f"{path}.{name}") for name in names}

    def _count(self, value: object, path: str) -> int | None:
        if value is None:
            return None
        if isinstance(value, str):
            return self._count_in_words(value, path)
        if not _is_number(value) or value != int(value):
            raise InvalidInput(field=path, reason="malformed")
        if not 0 <= value <= 10**9:
            raise InvalidInput(field=path, reason="out_of_range")
        return int(value)

    def _count_in_words(self, text: str, path: str) -> int | None:
        words = text.strip().lower().rstrip(".")
        if not words:
            return None
        if words in wording()["none"]:
            return 0
        if words.partition(" ")[0] in wording()["approximate"]:
            self.findings.append(finding("W04", "number", path=path, text=text.strip()[:40]))
            return None
        if len(words) > 12 or not _GROUPED.fullmatch(words):
            raise InvalidInput(field=path, reason="malformed")
        return int(words.replace(".", ""))

    def _day(self, table: Mapping[str, Any], name: str, path: str) -> date | None:
        value = table.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        try:
            if isinstance(value, str):
                typed = _VIETNAMESE_DAY.fullmatch(value.strip())
                if typed:
                    return date(int(typed[3]), int(typed[2]), int(typed[1]))
                return date.fromisoformat(value.strip())
        except ValueError as error:
            raise InvalidInput(field=f"{path}period.{name}", reason="malformed") from error
        raise InvalidInput(field=f"{path}period.{name}", reason="malformed")

    def _claims(self, rows: object, path: str) -> Iterator[Claim]:
        if rows is None:
            return
        if not isinstance(rows, list):
            raise InvalidInput(field=f"{path}claims", reason="malformed")
        for number, row in enumerate(rows, start=1):
            where = f"{path}claims.{number}"
            if not isinstance(row, dict):
                raise InvalidInput(field=where, reason="malformed")
            now = self._count(row.get("now"), f"{where}.now")
            before = self._count(row.get("before"), f"{where}.before")
            given = row.get("percent")
            if given is not None and not _is_number(given):
                raise InvalidInput(field=f"{where}.percent", reason="malformed")
            if now is not None and before is not None:
                name = str(row.get("name") or number)[:80]
                percent = None if given is None else Decimal(str(given))
                yield Claim(name, now, before, percent)

    def _cells(self, table: Mapping[str, Any]) -> dict[str, Decimal]:
        """Cells typed flat (`"cells": {"01/TCD.c1": 5}`) or the output of `report forms`."""
        found: dict[str, Decimal] = {}
        flat = self._section(table, "cells", "")
        for name, value in flat.items():
            self._cell(found, str(name), value)
        forms = table.get("forms")
        if forms is None:
            return found
        if not isinstance(forms, list):
            raise InvalidInput(field="forms", reason="malformed")
        for form in forms:
            rows = form.get("rows") if isinstance(form, dict) else None
            if not isinstance(rows, list) or not rows or not isinstance(rows[-1], dict):
                raise InvalidInput(field="forms", reason="malformed")
            cells = rows[-1].get("cells")  # the last row is the total, or the only one
            if not isinstance(cells, dict):
                raise InvalidInput(field="forms", reason="malformed")
            for name, value in cells.items():
                plain = value.get("value") if isinstance(value, dict) else value
                self._cell(found, f"{form.get('code')}.{name}", plain)
        return found

    def _cell(self, found: dict[str, Decimal], name: str, value: object) -> None:
        if value is None:
            return
        if not _CELL.fullmatch(name):
            self.unknown.append(name[:60])
            return
        if not _is_number(value) or value < 0:
            raise InvalidInput(field=name, reason="malformed")
        found[name] = Decimal(str(value))

    def _note_unknown(self, table: Mapping[str, Any], known: set[str], path: str) -> None:
        self.unknown += [f"{path}{key}"[:60] for key in table if key not in known]


# ---- spreadsheets ---------------------------------------------------------------------------


def _from_workbook(content: bytes) -> dict[str, Any]:
    """A spreadsheet with dotted names (`reception.total.visits | 419`), or with tables whose head
    row names measures and whose first column names blocks, or the six forms as we write them."""
    # Imported when a workbook is read: the library would slow every start.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheets = {
            sheet.title: [
                list(row)
                for row in sheet.iter_rows(
                    max_row=_MOST_ROWS, max_col=_MOST_COLUMNS, values_only=True
                )
            ]
            for sheet in book.worksheets
        }
        book.close()
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        OSError,
        TypeError,
        AttributeError,
        SyntaxError,
        EOFError,
        zipfile.LargeZipFile,
        NotImplementedError,
    ) as error:
        raise InvalidInput(field="file", reason="malformed") from error
    table: dict[str, Any] = {}
    for title, rows in sheets.items():
        _read_sheet(table, title, rows)
    return table


def _read_sheet(table: dict[str, Any], title: str, rows: list[list[Any]]) -> None:
    form = _form_rows(title, rows)
    if form:
        table.setdefault("cells", {}).update(form)
        return
    section = _key(title)
    columns: dict[int, str] = {}
    for row in rows:
        labels = [_key(value) for value in row]
        if len(row) > 1 and isinstance(row[0], str) and "." in row[0]:
            _put(table, _dotted(row[0]), row[1])
            continue
        head = {index: name for index, name in enumerate(labels) if name in MEASURES}
        if len(head) > 1 or (head and labels[0] is None and not _is_number(row[min(head)])):
            columns = head
            continue
        first = labels[0] if labels else None
        if first in BLOCKS and columns:
            for index, name in columns.items():
                _put(table, ["reception", str(first), name], row[index])
        elif first in (*OUTCOMES, "total") and len(row) > 1:
            # Words for verdicts stand only in the table of denunciations.
            if section == "denunciations" or first != "total":
                _put(table, ["denunciations", str(first)], row[1])
        elif first in ("from", "to") and len(row) > 1:
            _put(table, ["period", str(first)], row[1])
        elif first in ("period", "reception", "denunciations"):
            section, columns = first, {}
        elif first == "group_threshold" and len(row) > 1:
            _put(table, ["reception", "group_threshold"], row[1])


def _form_rows(title: str, rows: list[list[Any]]) -> dict[str, Any]:
    """The total row of a sheet that has our row of column numbers, by cell name."""
    code = title.replace("-", "/", 1)
    marks = [
        index for index, row in enumerate(rows) if len(row) > 3 and list(row[1:4]) == [1, 2, 3]
    ]
    if not marks or not _CELL.fullmatch(f"{code}.c1"):
        return {}
    start = marks[0]
    numbers = [value for value in rows[start][1:] if isinstance(value, int)]
    filled = [row for row in rows[start + 1 :] if len(row) > 1 and _is_number(row[1])]
    if not filled:
        return {}
    return {
        f"{code}.c{number}": filled[-1][number]
        for number in numbers
        if number < len(filled[-1]) and filled[-1][number] is not None
    }


def _dotted(text: str) -> list[str]:
    return [part.strip() for part in text.strip().split(".")]


def _put(table: dict[str, Any], path: list[str], value: object) -> None:
    if path[0] in ("cells", "forms", "claims"):
        return
    place = table
    for name in path[:-1]:
        following = place.setdefault(name, {})
        if not isinstance(following, dict):
            raise InvalidInput(field=".".join(path), reason="malformed")
        place = following
    place[path[-1]] = value


def _key(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return None
    folded = fold(value).strip(" :.")
    for key, spellings in wording()["words"].items():
        if folded in spellings:
            return str(key)
    return None


def _is_number(value: object) -> TypeGuard[int | float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)
