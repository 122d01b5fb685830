"""Sentences with slots become runs of text; every number in them stays a number.

A run that shows a number knows its id, so that a document can link it to the records behind it and
a test can compare text, table and form cell. The sentences are `section.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from admin.reports.figures import Figures
from admin.reports.numbers import grouped, n, percent

_FILE = Path(__file__).parent / "section.toml"
_SLOT = re.compile(r"\{([#=%~?]?)([^{}]+)\}")


@dataclass(frozen=True)
class Run:
    """A piece of a line. `number`: id of the number it shows.

    `style`: "", "blank" (for the officer to write), "missing" (no data), "derived" (computed from
    numbers: a percentage, a difference).
    """

    text: str
    number: str = ""
    style: str = ""


Runs = tuple[Run, ...]


@cache
def table() -> Mapping[str, Any]:
    """The tables of `section.toml`."""
    with _FILE.open("rb") as file:
        return tomllib.load(file)


def phrase(key: str) -> str:
    """A sentence by its key in `[text]`."""
    sentence: str = table()["text"][key]
    return sentence


def plain(runs: Iterable[Run]) -> str:
    """The text alone."""
    return "".join(run.text for run in runs)


def fill(figures: Figures, sentence: str, **values: str | Sequence[Run]) -> Runs:
    """A sentence with its slots filled.

    Args:
        values: texts, or runs, for the plain slots `{name}`.
    """
    return tuple(run for run in _fill(figures, sentence, values) if run.text)


def joined(figures: Figures, keys: Iterable[str], **values: str) -> Runs:
    """The phrases whose numbers are not all zero, as a list: `a, b và c`."""
    parts = [fill(figures, phrase(key), **values) for key in keys if _says_something(figures, key)]
    return listed(parts)


def listed(parts: Sequence[Runs], *, clauses: bool = False) -> Runs:
    """Parts as a list in a sentence; `clauses` are set apart by semicolons."""
    words = table()["list"]
    if clauses:
        return _between(parts, words["clause"], words["clause"])
    return _between(parts, words["separator"], words["last"])


def numbers_of(key: str) -> tuple[str, ...]:
    """The ids of the numbers a phrase shows."""
    return tuple(
        found[2].split(" of ")[0]
        for found in _SLOT.finditer(phrase(key))
        if found[1] in "#=" and found[1]
    )


def _says_something(figures: Figures, key: str) -> bool:
    return any(figures.value(number) for number in numbers_of(key))


def _between(parts: Sequence[Runs], separator: str, last: str) -> Runs:
    found: list[Run] = []
    for index, part in enumerate(parts):
        if index:
            found.append(Run(last if index == len(parts) - 1 else separator))
        found.extend(part)
    return tuple(found)


def _fill(
    figures: Figures, sentence: str, values: Mapping[str, str | Sequence[Run]]
) -> Iterator[Run]:
    at = 0
    for slot in _SLOT.finditer(sentence):
        yield Run(sentence[at : slot.start()])
        at = slot.end()
        mark, name = slot[1], slot[2]
        match mark:
            case "#":
                yield Run(n(figures.value(name)), number=name)
            case "=":
                yield Run(grouped(figures.value(name)), number=name)
            case "%":
                part, whole = name.split(" of ")
                yield Run(percent(figures.value(part), figures.value(whole)), style="derived")
            case "~":
                number, unit = name.rsplit(" ", 1)
                yield Run(compared(figures, number, unit), style="derived")
            case "?":
                yield Run(f"[{table()['blank'][name]}]", style="blank")
            case _:
                given = values[name]
                if isinstance(given, str):
                    yield Run(given)
                else:
                    yield from given
    yield Run(sentence[at:])


def compared(figures: Figures, number: str, unit: str) -> str:
    """The comparison of a number with the same period of last year, as it goes on a sentence."""
    found = figures.change(number)
    if found is None:
        return ""
    key = found.phrase
    if key in ("more", "less") and not found.percent:
        key += "_small"
    sentence: str = table()["comparison"][key]
    return sentence.format(
        difference=n(abs(Decimal(found.difference))),
        unit=unit,
        percent=found.percent,
        now=n(found.now),
        before=n(found.before),
    )
