"""Reading the clock's scenarios (`tests/scenarios/clock/`) and building cases for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, time
from pathlib import Path
from typing import Any

from intake.deadlines import ClockCase, ClockEvent

FOLDER = Path(__file__).parents[2] / "scenarios" / "clock"


def scenarios(name: str) -> list[dict[str, Any]]:
    """The lines of one scenario file."""
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def case_of(written: Mapping[str, Any]) -> ClockCase:
    """A scenario's case, as the engine takes it."""
    flags = {
        key: value for key, value in written.items() if key not in ("events", "as_of", "facts")
    }
    events = tuple(
        ClockEvent(
            item["event"],
            date.fromisoformat(item["on"]),
            time.fromisoformat(item["at"]) if "at" in item else None,
        )
        for item in written["events"]
    )
    return ClockCase(**flags, events=events, facts=frozenset(written.get("facts", ())))


def single(kind: str, event: str, on: str | date, **more: Any) -> ClockCase:
    """A case with one event."""
    day = on if isinstance(on, date) else date.fromisoformat(on)
    return ClockCase(kind, events=(ClockEvent(event, day),), **more)
