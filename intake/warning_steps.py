"""When officers are warned, as data: `data/warnings.toml`, and an agency's own choice over it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from functools import cache
from pathlib import Path
from typing import Any

from intake.clock import CIVIL_ZONE
from intake.errors import DataFault

_FILE = Path(__file__).parent / "data" / "warnings.toml"
OWN_FILE = "warnings.toml"
"""Name of an office's own steps in its data folder."""

HANDLER, HEAD, SUPERIOR = "handler", "head", "superior"
_RECIPIENTS = (HANDLER, HEAD, SUPERIOR)
_FARTHEST = 60  # working days: a step beyond it is a typing mistake


@dataclass(frozen=True)
class Step:
    """One warning: working days from the due day (negative: before), and who gets it."""

    days: int
    to: tuple[str, ...]


@dataclass(frozen=True)
class Steps:
    """An agency's warnings. `repeat`: working days between repetitions after the last step.

    `unassigned`: working days since arrival after which a petition nobody took is told of.
    """

    steps: tuple[Step, ...]
    repeat: int
    unassigned: tuple[int, ...]

    @property
    def earliest(self) -> int:
        """Working days before a due day at which the first warning is given."""
        return max(0, -self.steps[0].days)

    def reached(self, days: int) -> Step | None:
        """The last step at or before `days` working days from the due day, repetitions included."""
        given = [step for step in self.steps if step.days <= days]
        if not given:
            return None
        last = given[-1]
        if last is not self.steps[-1] or last.days <= 0:
            return last
        return replace(last, days=last.days + (days - last.days) // self.repeat * self.repeat)

    def unassigned_for(self, days: int) -> int | None:
        """The last step of a petition nobody took for `days` working days."""
        return max((after for after in self.unassigned if after <= days), default=None)


@dataclass(frozen=True)
class DutyHolder:
    """Whose reception days are looked after (code of the law's table `office`), at which bodies."""

    office: str
    classes: tuple[str, ...]
    centre: bool


@dataclass(frozen=True)
class WarningPlan:
    """Everything of the two files. `hours`: from–until in civil time; `digests`: times of day."""

    default: Steps
    agencies: Mapping[str, Steps]
    hours: tuple[tuple[time, time], ...]
    digests: tuple[time, ...]
    duty_before: int
    duty_holders: tuple[DutyHolder, ...]

    def steps_of(self, agency: str | None) -> Steps:
        """The agency's own steps, else the default ones."""
        return self.agencies.get(agency or "", self.default)

    @property
    def earliest(self) -> int:
        """The most working days before a due day at which any agency is warned."""
        return max(steps.earliest for steps in (self.default, *self.agencies.values()))

    def is_open(self, now: datetime) -> bool:
        """Whether `now` lies in office hours; working days are the calendar's business."""
        clock = now.astimezone(CIVIL_ZONE).time()
        return any(start <= clock < end for start, end in self.hours)

    def digest_slot(self, now: datetime) -> str | None:
        """Name of the digest whose time has come last today; None before the first."""
        local = now.astimezone(CIVIL_ZONE)
        past = [each for each in self.digests if each <= local.time()]
        return f"{local.date().isoformat()}T{max(past):%H:%M}" if past else None


def load_warning_plan(data_dir: Path) -> WarningPlan:
    """The shipped plan with an office's own file over it.

    Raises:
        DataFault: a file is malformed; names it.
    """
    plan = _shipped()
    own = data_dir / OWN_FILE
    if not own.is_file():
        return plan
    table = _read(own)
    try:
        agencies = {
            code: _steps(row, plan.default) for code, row in table.get("agency", {}).items()
        }
        default = _steps(table.get("default", {}), plan.default)
        return replace(plan, default=default, agencies=agencies, **_hours(table.get("hours", {})))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataFault(file=own.name, line="?", fault=str(error)) from error


@cache
def _shipped() -> WarningPlan:
    table = _read(_FILE)
    row = table["default"]
    nothing = Steps((), row["repeat"], ())
    return WarningPlan(
        default=_steps(row, nothing),
        agencies={},
        duty_before=table["duty"]["warn_before"],
        duty_holders=tuple(
            DutyHolder(row["office"], tuple(row.get("classes", ())), row.get("centre", False))
            for row in table["duty"]["holder"]
        ),
        **_hours(table["hours"]),
    )


def _read(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataFault(file=path.name, line="?", fault=str(error)) from error


def _steps(row: Mapping[str, Any], over: Steps) -> Steps:
    steps = over.steps
    if "steps" in row:
        given = [Step(int(each["days"]), tuple(each["to"])) for each in row["steps"]]
        steps = tuple(sorted(given, key=lambda step: step.days))
    repeat = int(row.get("repeat", over.repeat))
    unassigned = tuple(sorted(int(day) for day in row.get("unassigned", over.unassigned)))
    if not steps or len({step.days for step in steps}) != len(steps):
        raise ValueError("steps: at least one, each day once")
    if any(abs(step.days) > _FARTHEST for step in steps) or repeat < 1:
        raise ValueError("days or repeat are out of range")
    unknown = {name for step in steps for name in step.to if name not in _RECIPIENTS}
    if unknown or not all(step.to for step in steps):
        raise ValueError(f"to: one or more of {', '.join(_RECIPIENTS)}")
    return Steps(steps, repeat, unassigned)


def _hours(row: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "open" in row:
        found["hours"] = tuple((_time(start), _time(end)) for start, end in row["open"])
    if "digests" in row:
        found["digests"] = _times(row["digests"])
    return found


def _times(cells: Sequence[str]) -> tuple[time, ...]:
    return tuple(sorted(_time(cell) for cell in cells))


def _time(cell: str) -> time:
    return time.fromisoformat(cell)
