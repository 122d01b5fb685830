"""Templates with their filters: codes become words, days become Vietnamese dates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from admin import wording
from admin.assets import address_of
from intake.clock import CIVIL_ZONE, local_date


@cache
def templates() -> Environment:
    """The one environment: autoescape on, undefined names are errors."""
    environment = Environment(
        loader=PackageLoader("admin"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        day=day_shown,
        sentence=sentence_shown,
        instant=instant_shown,
        civil_day=civil_day_shown,
        days_left=days_left,
        age=age,
        urgency=urgency,
        percent=percent,
        size=size_shown,
        kind=_words(wording.KINDS),
        status=_words(wording.STATUSES),
        role=_words(wording.ROLES),
        action=_words(wording.ACTIONS),
        source=_words(wording.SOURCES),
        deadline_state=_words(wording.DEADLINE_STATES),
        officer_notice=_words(wording.OFFICER_NOTICES),
        verdict=_words(wording.VERDICTS),
        item=_words(wording.ITEMS),
    )
    environment.globals.update(asset=address_of, words=wording)
    return environment


def render(template: str, **values: object) -> str:
    """A rendered template."""
    return templates().get_template(template).render(**values)


def day_shown(day: date | str | None) -> str:
    """21/11/2026; also from the ISO form that timeline values carry."""
    if day is None:
        return wording.UNKNOWN
    parsed = date.fromisoformat(day) if isinstance(day, str) else day
    return f"{parsed:%d/%m/%Y}"


def sentence_shown(text: str) -> str:
    """With a capital first letter; the rest keeps its own (names of bodies have capitals too)."""
    return text[:1].upper() + text[1:]


def instant_shown(instant: datetime | None) -> str:
    """21/11/2026 09:05, civil time."""
    if instant is None:
        return wording.UNKNOWN
    return f"{instant.astimezone(CIVIL_ZONE):%d/%m/%Y %H:%M}"


def civil_day_shown(instant: datetime) -> str:
    """The civil day of an instant, where the hour may not be shown."""
    return day_shown(local_date(instant))


def days_left(due: date | None, today: date) -> str:
    """How long a date is away, in words."""
    if due is None:
        return wording.DAYS_LEFT["none"]
    days = (due - today).days
    if days < 0:
        return wording.DAYS_LEFT["overdue"].format(days=-days)
    return wording.DAYS_LEFT["left" if days else "today"].format(days=days)


def age(instant: datetime, now: datetime, coarse: bool) -> str:
    """How long ago something was; `coarse`: in days only, where the hour may not be shown."""
    days = (local_date(now) - local_date(instant)).days
    minutes = max(0, int((now - instant).total_seconds() // 60))
    if days > 0 or coarse:
        return wording.AGES["days" if days > 0 else "today"].format(count=days)
    if minutes >= 60:
        return wording.AGES["hours"].format(count=minutes // 60)
    return wording.AGES["minutes" if minutes else "now"].format(count=minutes)


def urgency(due: date | None, today: date) -> str:
    """The colour class of a date: overdue, soon (within three days), later, none."""
    if due is None:
        return "none"
    days = (due - today).days
    return "overdue" if days < 0 else "soon" if days <= 3 else "later"


def percent(part: float) -> str:
    """0.87 as 87 %."""
    return f"{part * 100:.0f} %"


def size_shown(size: int) -> str:
    """A file's size in kB or MB."""
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{max(1, size // 1000)} kB"


def _words(table: Mapping[str, str]) -> Any:
    def word(code: object) -> str:
        return table.get(str(code), str(code))

    return word
