"""Reading short answers: commands, choices, dates, telephone numbers, receipt codes.

Everything is compared folded, so "huy", "Hủy" and "HUỶ " are one word. The words themselves are in
`bot/texts/words.toml`.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from bot.messages import Choice
from intake.text import fold

_EDGES = " \t\n.,;:!…\"'“”()[]"
_MOST_COMMAND_WORDS = 8
_WORD = re.compile(r"[^\W\d_]+")
_WORD_OR_FIGURE = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Words:
    """The word lists, folded."""

    particles: tuple[str, ...]
    commands: Mapping[str, frozenset[str]]
    edits: Mapping[str, frozenset[str]]
    edit_openings: tuple[str, ...]
    edit_separators: tuple[str, ...]
    filings: Mapping[str, frozenset[str]]
    demands: tuple[str, ...]
    place_types: tuple[str, ...]
    further_matters: tuple[str, ...]
    english: frozenset[str]


@cache
def words() -> Words:
    """The word lists of `bot/texts/words.toml`."""
    table = tomllib.loads((files("bot") / "texts" / "words.toml").read_text(encoding="utf-8"))
    edits = dict(table["edits"])
    openings, separators = edits.pop("openings"), edits.pop("separators")
    return Words(
        particles=tuple(sorted(map(fold, table["particles"]["words"]), key=len, reverse=True)),
        commands=_folded(table["commands"]),
        edits=_folded(edits),
        edit_openings=tuple(sorted(map(fold, openings), key=len, reverse=True)),
        edit_separators=tuple(sep if sep == ":" else f" {fold(sep)} " for sep in separators),
        filings=_folded(table["filings"]),
        demands=tuple(map(fold, table["demand"]["openings"])),
        place_types=tuple(table["places"]["types"]),
        further_matters=tuple(
            sorted(map(fold, table["matters"]["openings"]), key=len, reverse=True)
        ),
        english=frozenset(table["english"]["words"]),
    )


def _folded(lists: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(map(fold, entries)) for name, entries in lists.items()}


def command(text: str) -> str:
    """The command a whole message is ("cancel", "back", "status", …), or ""."""
    for form in _forms(text):
        for name, entries in words().commands.items():
            if form in entries:
                return name
    return ""


def is_command(text: str, name: str) -> bool:
    """Whether the message is that command; "gửi" is both "yes" and nearly "new"."""
    entries = words().commands[name]
    return any(form in entries for form in _forms(text))


def announced_kind(text: str) -> str:
    """The kind of petition a message only announces ("tôi muốn tố cáo"), or ""."""
    for form in _forms(text):
        for kind, entries in words().filings.items():
            if form in entries:
                return kind
    return ""


def edit_of(text: str) -> tuple[str, str]:
    """Which line of the summary a message corrects, and the new value when it is there.

    "sửa nơi: xã Càng Long" → ("place", "xã Càng Long"); no correction → ("", "").
    """
    folded = fold(text).strip(_EDGES)
    opening = next((o for o in words().edit_openings if folded.startswith(o + " ")), None)
    if opening is None:
        return "", ""
    for separator in words().edit_separators:
        head, found, _ = folded.partition(separator)
        line = _line(head[len(opening) :].strip()) if found else ""
        if line:
            return line, _after(text, separator)
    return _line(folded[len(opening) :].strip()), ""


def _line(name: str) -> str:
    return next((line for line, names in words().edits.items() if name in names), "")


def _after(text: str, separator: str) -> str:
    if separator == ":":
        return text.partition(":")[2].strip()
    # The folded separator is looked for word by word, so that the value keeps its tone marks.
    wanted, tokens = separator.strip(), text.split()
    at = next(i for i, token in enumerate(tokens) if fold(token) == wanted)
    return " ".join(tokens[at + 1 :])


def picked(offered: Sequence[Choice], text: str) -> str:
    """The value of the offered choice a message names: by number, label or clear start; or ""."""
    if any(choice.value == text for choice in offered):
        return text  # a button that carries its value
    folded = _bare(text)
    if folded.isdecimal():
        number = int(folded) if len(folded) <= 2 else 0
        return offered[number - 1].value if 1 <= number <= len(offered) else ""
    if len(folded) < 2:
        return ""
    labels = [(_bare(choice.label), choice.value) for choice in offered]
    for label, value in labels:
        if folded in (label, value):
            return value
    starts = {value for label, value in labels if label.startswith(folded)}
    return starts.pop() if len(starts) == 1 else ""


def _bare(text: str) -> str:
    """Folded words and figures alone: punctuation decides nothing in a short answer."""
    return " ".join(_WORD_OR_FIGURE.findall(fold(text[:500])))


def has_words(text: str) -> bool:
    """Whether there is a letter or digit to read; emoji and punctuation alone have none."""
    return any(character.isalnum() for character in text)


def is_foreign(text: str) -> bool:
    """Whether the text is mostly in a script that is not Latin (Khmer, Chinese, Cyrillic …)."""
    letters = [c for c in text[:2_000] if c.isalpha()]
    latin = sum(unicodedata.name(c, "").startswith("LATIN") for c in letters)
    return len(letters) >= 2 and latin * 2 < len(letters)


def is_english(text: str) -> bool:
    """Whether the text is English rather than Vietnamese typed without tone marks."""
    if not text.isascii():
        return False
    found = [word.lower() for word in _WORD.findall(text[:2_000])]
    known = sum(word in words().english for word in found)
    return len(found) >= 3 and known * 4 >= len(found) and known >= 2


def demand_in(text: str) -> str:
    """The sentence in which the citizen says what is asked, or ""."""
    for sentence in re.split(r"(?<=[.!?;\n])\s+|,\s+", text):
        folded = fold(sentence)
        if any(folded.startswith(opening + " ") for opening in words().demands):
            return sentence.strip()
    return ""


_DIGITS_DATE = re.compile(r"(?<!\d)(\d{1,2})\s*[/.\-]\s*(\d{1,2})\s*[/.\-]\s*(\d{4})(?!\d)")
_WORDS_DATE = re.compile(r"(?:ngay )?(\d{1,2}) thang (\d{1,2}) nam (\d{4})")
_ISO_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")


def day_in(text: str) -> date | None:
    """The first full date in a text: 15/10/2026, 15-10-2026, ngày 15 tháng 10 năm 2026, ISO."""
    folded = fold(text)
    iso = _ISO_DATE.search(folded)
    if iso is not None:
        return _day(iso.group(3), iso.group(2), iso.group(1))
    found = _DIGITS_DATE.search(folded) or _WORDS_DATE.search(folded)
    return None if found is None else _day(*found.groups())


def _day(day: str, month: str, year: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


_DECISION = re.compile(
    r"(?:quyết định|quyet dinh|qđ|thông báo|thong bao|văn bản|van ban|decision)\s*"
    r"(?:số|so|no\.?)?\s*:?\s*(\d+\s*/?\s*[\w\-/]*)"
    # What it is about may stand between the word and a number written in full.
    r"|(?:(?:quyết định|quyet dinh|qđ)\s[^.;\n]{1,60}?)?(?<![\w/])\d+/(?:\d{4}/)?[qt][dđb]-[\wđ]+",
    re.IGNORECASE,
)


def decision_in(text: str) -> tuple[str, date | None]:
    """The decision a complaint names ("Quyết định số 123/QĐ-UBND") and its day; "" and None."""
    found = _DECISION.search(text)
    if found is None:
        return "", None
    return found.group(0).strip(" ,.;"), day_in(text[found.end() : found.end() + 60])


_PHONE = re.compile(r"(?<![\d/])(?:\+?84|0)(?:[ .\-]?\d){8,10}(?!\d)")
_EMAIL = re.compile(r"[^\s@<>,;]{1,64}@[^\s@<>,;]{1,190}\.[a-zA-Z]{2,24}")


def phone_in(text: str) -> str:
    """A Vietnamese telephone number in the text, digits only, or ""."""
    found = _PHONE.search(text[:2_000])
    return "" if found is None else re.sub(r"[^\d+]", "", found.group(0))


def email_in(text: str) -> str:
    """An e-mail address in the text, or ""."""
    found = _EMAIL.search(text[:2_000])
    return "" if found is None else found.group(0)


_REFERENCE = re.compile(r"(?<![A-Z0-9])([A-Z]{2,6})[\s\-]?(\d{4})[\s\-]([0-9A-Z]{6})(?![A-Z0-9])")
_SECRET = re.compile(
    r"(?<![A-Z0-9])([0-9A-Z]{4})[\s\-]?([0-9A-Z]{4})[\s\-]?([0-9A-Z]{4})(?![A-Z0-9])"
)


def reference_in(text: str, prefix: str) -> str:
    """A petition number of this office in the text, in its written form, or ""."""
    for found in _REFERENCE.finditer(text[:2_000].upper()):
        if found.group(1) == prefix.upper():
            return "-".join(found.groups())
    return ""


def secret_in(text: str, prefix: str) -> str:
    """What looks like a secret part in the text (petition numbers aside), or ""."""
    rest = _REFERENCE.sub(
        lambda found: " | " if found.group(1) == prefix.upper() else found.group(0),
        text[:2_000].upper(),
    )
    for found in _SECRET.finditer(rest):
        letters = "".join(found.groups())
        if any(c.isdigit() for c in letters) or "-" in found.group(0):
            return "-".join(found.groups())
    return ""


def _forms(text: str) -> list[str]:
    """The message folded, and again without politeness particles at both ends."""
    folded = fold(text[:200]).strip(_EDGES) or text.strip()
    if len(folded.split()) > _MOST_COMMAND_WORDS:
        return []
    forms = [folded]
    while (shorter := _without_particle(folded)) != folded:
        folded = shorter
        forms.append(folded)
    return forms


def _without_particle(folded: str) -> str:
    for particle in words().particles:
        if folded.startswith(particle + " "):
            return folded[len(particle) :].strip(_EDGES)
        if folded.endswith(" " + particle):
            return folded[: -len(particle)].strip(_EDGES)
    return folded
