"""The Vietnamese sentences of the legal clock, read from `data/law/phrases.toml`.

Code decides which sentence and with which values; the wording is the file's alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache

from intake.law_files import LAW_FOLDER, read_law_file


@cache
def phrases() -> Mapping[str, str]:
    """All templates by dotted key (`table.key`).

    Raises:
        DataFault: the file is no TOML, or a value is no text; names file and line.
    """
    file = read_law_file(LAW_FOLDER / "phrases.toml")
    found: dict[str, str] = {}
    for table, entries in file.top.values.items():
        if not isinstance(entries, dict):
            file.top.fault("only tables of texts stand here", table)
        for key, text in _texts(entries):
            if not isinstance(text, str):
                file.top.fault(f"{table}.{key} must be a text", f"{table}.{key}")
            found[f"{table}.{key}"] = text
    return found


def _texts(entries: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for key, value in entries.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{inner}", text) for inner, text in _texts(value))
        else:
            yield key, value


def phrase(key: str, **values: object) -> str:
    """The template `key` filled in.

    Raises:
        KeyError: no such template, or a value it asks for is not given: a fault of the program.
    """
    return phrases()[key].format(**values)


def vietnamese_date(day: date) -> str:
    """A date as people read it: 21/11/2026."""
    return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"


def weekday_name(day: date) -> str:
    """The Vietnamese name of the day of the week."""
    return phrase(f"weekday.{day.isoweekday()}")
