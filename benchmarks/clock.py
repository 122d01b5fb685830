"""The legal clock: all dates of a petition, and plain working-day sums beside other libraries.

    python -m benchmarks.clock [--rounds N]

Prints one line of JSON. Petitions: processor microseconds for all deadlines of one case, best of
five rounds, and their part of the promised 100 µs. Sums: the same starts and lengths through this
calendar, `numpy.busday_offset` (one by one, as an engine would ask, and as one array) and the
`holidays` package where it is installed; every library gets the same days off, and the sums are
compared before they are timed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import time
import timeit
from collections.abc import Callable
from datetime import date, timedelta

import numpy

from intake.deadlines import ClockCase, ClockEvent, derive_deadlines
from intake.rules import Rules
from intake.workdays import SWAP_IN, WorkCalendar

AS_OF = date(2026, 11, 21)
PROMISED_MICROSECONDS = 100
PETITIONS: dict[str, tuple[str, dict[str, bool], str]] = {
    "proposal_received": ("KNPA", {}, "received 2026-11-13"),
    "complaint_received": ("KN", {}, "received 2026-11-13"),
    "complaint_accepted": ("KN", {}, "received 2026-09-03, accepted 2026-09-10"),
    "complaint_decided": (
        "KN",
        {"complex": True, "remote": True},
        (
            "received 2026-07-06, accepted 2026-07-13, suspended 2026-07-20, resumed 2026-08-03, "
            "decided 2026-09-14"
        ),
    ),
    "denunciation_extended_twice_and_paused": (
        "TC",
        {"complex": True},
        (
            "received 2026-07-06, accepted 2026-07-13, suspended 2026-07-20, resumed 2026-08-03, "
            "extended 2026-08-17, extended 2026-09-14, conclusion_issued 2026-10-12"
        ),
    ),
}


def main() -> None:
    """Time both, print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2_000)
    rounds = parser.parse_args().rounds
    petitions = _petitions(rounds)
    slowest = max(row["microseconds"] for row in petitions.values())
    print(
        json.dumps(
            {
                "petitions": petitions,
                "slowest_of_promised": round(slowest / PROMISED_MICROSECONDS, 2),
                "working_day_sums": _sums(rounds),
            }
        )
    )


def _best(work: Callable[[], object], times: int) -> float:
    """Processor seconds a call, best of five: other work on the machine doesn't count."""
    return min(timeit.repeat(work, number=times, repeat=5, timer=time.process_time)) / times


def _petitions(rounds: int) -> dict[str, dict[str, float]]:
    rules, calendar = Rules.load(), WorkCalendar.load()
    found = {}
    for name, (kind, flags, written) in PETITIONS.items():
        pairs = (part.split() for part in written.split(", "))
        events = tuple(ClockEvent(event, date.fromisoformat(on)) for event, on in pairs)
        case = ClockCase(kind, events=events, **flags)

        def derive(case: ClockCase = case) -> object:
            return derive_deadlines(case, as_of=AS_OF, rules=rules, calendar=calendar)

        def explain(case: ClockCase = case) -> object:
            rows = derive_deadlines(case, as_of=AS_OF, rules=rules, calendar=calendar)
            return [row.steps for row in rows]

        found[name] = {
            "deadlines": len(derive_deadlines(case, as_of=AS_OF, rules=rules, calendar=calendar)),
            "microseconds": round(_best(derive, rounds) * 1e6, 1),
            "with_all_steps_microseconds": round(_best(explain, max(1, rounds // 20)) * 1e6, 1),
        }
    return found


def _sums(rounds: int) -> dict[str, object]:
    """Nanoseconds for one sum, and how many times as long the others take."""
    calendar = WorkCalendar.load()
    first, last = date(2025, 6, 2), date(2025, 11, 28)  # a stretch without swapped-in Saturdays
    special = calendar.special_days(date(2025, 1, 1), date(2025, 12, 31))
    off = [day.day for day in special if not day.working]
    inside = calendar.special_days(first, last + timedelta(days=30))
    assert not any(day.kind == SWAP_IN for day in inside)
    starts = [first + timedelta(days=n) for n in range((last - first).days)]
    lengths = [(3, 5, 7, 10)[place % 4] for place in range(len(starts))]
    business = numpy.busdaycalendar(holidays=off)
    start_array = numpy.array(starts, dtype="datetime64[D]")
    length_array = numpy.array(lengths)

    def ours() -> list[date]:
        return [calendar.add_working_days(day, n) for day, n in zip(starts, lengths, strict=True)]

    def numpy_one_by_one() -> list[date]:
        return [
            numpy.busday_offset(day, n, roll="backward", busdaycal=business).item()
            for day, n in zip(starts, lengths, strict=True)
        ]

    def numpy_as_an_array() -> list[date]:
        ends = numpy.busday_offset(start_array, length_array, roll="backward", busdaycal=business)
        return list(ends.tolist())

    ways: dict[str, Callable[[], list[date]]] = {
        "numpy_one_by_one": numpy_one_by_one,
        "numpy_as_an_array": numpy_as_an_array,
    }
    holiday_base = _holiday_base(off)
    if holiday_base is not None:
        nth = holiday_base.get_nth_working_day
        ways["holidays"] = lambda: [nth(day, n) for day, n in zip(starts, lengths, strict=True)]
    wanted = ours()
    times = max(1, rounds // 100)
    own = _best(ours, times)
    result: dict[str, object] = {
        "sums": len(starts),
        "nanoseconds": round(own / len(starts) * 1e9),
    }
    for name, way in ways.items():
        assert way() == wanted, name
        result[f"{name}_takes_times_ours"] = round(_best(way, times) / own, 2)
    if holiday_base is None:
        result["holidays"] = "not installed"
    return result


def _holiday_base(off: list[date]):  # type: ignore[no-untyped-def]
    """A calendar of the `holidays` package with our days off; None where it isn't installed."""
    try:
        package = importlib.import_module("holidays")
    except ModuleNotFoundError:
        return None
    base = package.HolidayBase()
    base.update(dict.fromkeys(off, "off"))
    return base


if __name__ == "__main__":
    main()
