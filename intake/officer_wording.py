"""What officers are told, in words (`data/officer_notices.toml`): the same in console and mail.

A sentence holds a reference, a day, an agency's name; never a person or what one wrote.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from intake.law_phrases import vietnamese_date
from intake.office import Office
from intake.officer_notices import OfficerNotice

_FILE = Path(__file__).parent / "data" / "officer_notices.toml"


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


def link_of(office: Office, notice: OfficerNotice) -> str:
    """Where the console shows what a notice is about, as an address for a mail or a message."""
    return office.settings.public_url.rstrip("/") + notice.path
