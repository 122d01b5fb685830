"""What officers are told, in words (`data/officer_notices.toml`): the same by every way.

A sentence holds a reference, a day, an agency's name; never a person or what one wrote.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from intake.law_phrases import vietnamese_date
from intake.office import Office
from intake.officer_messages import OfficerMessage, Purpose
from intake.officer_notices import OfficerNotice

_FILE = Path(__file__).parent / "data" / "officer_notices.toml"
_LIST = "/console/notices"
# A message is read on a telephone; the rest is a click away.
MOST_LINES = 12


@dataclass(frozen=True)
class Worded:
    """A message in words. `subject` is a line for a mail's head; a chat shows the text alone."""

    subject: str
    text: str


@cache
def officer_words() -> Mapping[str, Any]:
    """The table of sentences."""
    with _FILE.open("rb") as file:
        return tomllib.load(file)


def sentence(office: Office, notice: OfficerNotice) -> str:
    """One notice in words."""
    holder = office.rules.get(notice.rule).office if notice.rule else ""
    return str(
        officer_words()["kind"][notice.kind].format(
            reference=notice.reference or "",
            due=vietnamese_date(notice.due) if notice.due else "",
            days=notice.step,
            agency=office.directory.get(notice.agency).name if notice.agency else "",
            office=office.rules.names.name("office", holder) if holder else "",
        )
    )


def word_message(office: Office, message: OfficerMessage, *, day: date) -> Worded:
    """A message that is about to be sent, as of `day`."""
    words = officer_words()
    if message.purpose is Purpose.CODE:
        return _worded(words["code"], code=message.code)
    if message.purpose is Purpose.TEST:
        return _worded(words["test"], number=message.number)
    shown = vietnamese_date(day)
    lines = _lines(office, words, message.notices)
    ending = words["number"].format(number=message.number)
    if message.purpose is Purpose.DIGEST:
        head = words["digest"]
        text = [head["opening"].format(day=shown), "", *lines, "", head["closing"], ending]
        subject = head["subject"].format(count=len(message.notices), day=shown)
        return Worded(subject, "\n".join(text))
    one = len(message.notices) == 1
    subject = words["notices"]["subject_one" if one else "subject_many"].format(
        what=sentence(office, message.notices[0]), count=len(message.notices)
    )
    return Worded(subject, "\n".join([*lines, "", ending]))


def _lines(office: Office, words: Mapping[str, Any], notices: Sequence[OfficerNotice]) -> list[str]:
    base = office.settings.public_url.rstrip("/")
    lines = [
        words["line"].format(
            what=sentence(office, each),
            untaken=words["untaken"] if each.unassigned else "",
            link=base + each.path,
        )
        for each in notices[:MOST_LINES]
    ]
    left = len(notices) - len(lines)
    return [*lines, words["more"].format(count=left, link=base + _LIST)] if left else lines


def _worded(words: Mapping[str, str], **values: object) -> Worded:
    return Worded(words["subject"].format(**values), words["text"].strip().format(**values))
