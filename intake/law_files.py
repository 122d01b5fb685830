"""Reading the tables of law in `data/law/`: TOML in, rows with their place in the file out.

What the rows mean is `workdays.py`, `rules.py` and `derivation.py`; here is only what makes a
fault point at a file and a line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NoReturn

from intake.errors import DataFault

LAW_FOLDER = Path(__file__).parent / "data" / "law"

_TABLE_HEADER = re.compile(r"^\s*\[")
_LIST_HEADER = re.compile(r"^\s*\[\[")
_PLAIN_HEADER = re.compile(r"^\s*\[\s*([A-Za-z0-9_.-]+)\s*\]")
_SYNTAX_FAULT_LINE = re.compile(r"line (\d+)")


@dataclass(frozen=True)
class Row:
    """One table of a TOML file: its values, and where it stands (file name, line from 1)."""

    values: Mapping[str, object]
    file: str
    line: int
    key_lines: Mapping[str, int]

    def fault(self, what: str, key: str = "") -> NoReturn:
        """Refuse the row.

        Raises:
            DataFault: always; names the line of `key` if the row has it, else of the row.
        """
        raise DataFault(file=self.file, line=self.key_lines.get(key, self.line), fault=what)

    def check_keys(self, known: Collection[str]) -> None:
        """Refuse a misspelt key: an ignored condition would be a silently different law."""
        for key in self.values:
            if key not in known:
                self.fault(f"unknown key {key!r}", key)

    def text(self, key: str, default: str | None = None) -> str:
        """A non-empty string (or `default` where the key is absent)."""
        value = self.values.get(key, default)
        if not isinstance(value, str) or (not value and default is None):
            self.fault(f"{key} must be a text", key)
        return value

    def one_of(self, key: str, allowed: Collection[str], default: str | None = None) -> str:
        """A string out of `allowed`."""
        value = self.text(key, default)
        if value not in allowed:
            self.fault(f"{key} is {value!r}, not one of {', '.join(allowed)}", key)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; absent means none."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fault(f"{key} must be a list of texts", key)
        return tuple(value)

    def whole(self, key: str, default: int | None = None, least: int = 0) -> int | None:
        """A whole number of at least `least`; `default` where absent."""
        value = self.values.get(key, default)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            self.fault(f"{key} must be a whole number of at least {least}", key)
        return value

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            self.fault(f"{key} must be true or false", key)
        return value

    def day(self, key: str) -> date | None:
        """A date; None where absent (open)."""
        value = self.values.get(key)
        if value is None:
            return None
        if type(value) is not date:
            self.fault(f"{key} must be a date", key)
        return value

    def required_day(self, key: str) -> date:
        """A date that must be there."""
        found = self.day(key)
        if found is None:
            self.fault(f"{key} is missing", key)
        return found

    def table(self, key: str) -> Mapping[str, object]:
        """An inline table; absent means empty."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            self.fault(f"{key} must be a table", key)
        return value


@dataclass(frozen=True)
class LawFile:
    """One parsed file: its top-level values as a row, and its lists of tables by name."""

    top: Row
    lists: Mapping[str, tuple[Row, ...]]

    def rows(self, name: str) -> tuple[Row, ...]:
        """The `[[name]]` tables in file order; none if there are none."""
        return self.lists.get(name, ())


def read_law_file(path: Path) -> LawFile:
    """Read one file.

    Raises:
        DataFault: unreadable or no TOML; names the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise DataFault(file=path.name, line=1, fault="the file cannot be read") from error
    except tomllib.TOMLDecodeError as error:
        found = _SYNTAX_FAULT_LINE.search(str(error))
        line = int(found.group(1)) if found else 1
        raise DataFault(file=path.name, line=line, fault=str(error)) from error
    lines = text.splitlines()
    lists = {
        name: tuple(_rows(path.name, lines, name, value))
        for name, value in document.items()
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value)
    }
    rest = {name: value for name, value in document.items() if name not in lists}
    return LawFile(Row(rest, path.name, 1, _top_key_lines(lines)), lists)


def _rows(file: str, lines: list[str], name: str, tables: list[Mapping[str, object]]) -> list[Row]:
    header = re.compile(rf"^\s*\[\[\s*{re.escape(name)}\s*\]\]")
    starts = [number for number, line in enumerate(lines) if header.match(line)]
    return [
        Row(table, file, start + 1, _key_lines(lines, start + 1))
        for table, start in zip(tables, starts, strict=True)
    ]


def _key_lines(lines: list[str], start: int) -> dict[str, int]:
    """Line (from 1) of each key of the table whose first line has index `start`."""
    found: dict[str, int] = {}
    for number, line in enumerate(lines[start:], start=start + 1):
        if _TABLE_HEADER.match(line):
            break
        key = _key_of(line)
        if key:
            found.setdefault(key, number)
    return found


def _top_key_lines(lines: list[str]) -> dict[str, int]:
    """The same for a whole file: keys before any table, `table` and `table.key` of plain tables."""
    found: dict[str, int] = {}
    prefix = ""
    for number, line in enumerate(lines, start=1):
        if _LIST_HEADER.match(line):
            break
        header = _PLAIN_HEADER.match(line)
        key = header.group(1) if header else _key_of(line)
        if header:
            prefix = f"{key}."
            found.setdefault(key, number)
        elif key:
            found.setdefault(prefix + key, number)
    return found


def _key_of(line: str) -> str:
    key, equals, _ = line.partition("=")
    return "" if not equals or key.lstrip().startswith("#") else key.strip()
