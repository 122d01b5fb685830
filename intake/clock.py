"""Instants and civil days.

Instants are aware UTC datetimes; the law counts civil days of Việt Nam. The two meet only here,
and nothing but the outermost callers asks what time it is.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

CIVIL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def utc_now() -> datetime:
    """The present instant, aware, UTC. For wiring code; rules take `now` as an argument."""
    return datetime.now(UTC)


def local_date(instant: datetime) -> date:
    """The civil day of an instant.

    Raises:
        ValueError: a naive datetime, which has no civil day.
    """
    if instant.tzinfo is None:
        raise ValueError("a naive datetime has no civil day")
    return instant.astimezone(CIVIL_ZONE).date()


def start_of_day(day: date) -> datetime:
    """The instant (UTC) at which a civil day begins: 17:00 UTC of the day before."""
    return datetime(day.year, day.month, day.day, tzinfo=CIVIL_ZONE).astimezone(UTC)
