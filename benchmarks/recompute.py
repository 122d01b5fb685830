"""Recomputing open petitions after a calendar decision, while a reader keeps asking.

    python -m benchmarks.recompute [--petitions N] [--database URL]

Prints seconds, processor seconds of this process, the projection to a million, and how a reader's
look-ups fared meanwhile. Three runs: every petition for the first time, after a day was declared
off, and once more with nothing changed. The petitions are synthetic, their sealed text random.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, insert, select

from intake.office import Office, open_office
from intake.recompute import recompute_open
from intake.settings import Settings
from intake.store import Store
from intake.store.tables import clock_events, deadlines, handlings, petitions
from intake.store.upgrading import upgrade
from intake.workdays import DayOverride, WorkCalendar

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
TODAY = date(2026, 11, 21)
_CHUNK = 5_000


def main() -> None:
    """Fill, recompute, print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--petitions", type=int, default=20_000)
    parser.add_argument("--database", default="")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=chosen.database, data_dir=Path(folder))
        store = Store(settings.effective_database_url)
        upgrade(store)
        store.close()
        office = open_office(settings)
        _fill(office, chosen.petitions)
        first = _timed(office, "first")
        changed = replace(
            office,
            calendar=WorkCalendar.load(
                day_overrides=(DayOverride(date(2026, 11, 23), False, "hoán đổi", "thử"),)
            ),
        )
        second = _timed(changed, "calendar")
        third = _timed(changed, "nothing")
        print(
            json.dumps(
                {
                    "petitions": chosen.petitions,
                    "derive_all": first,
                    "after_calendar_change": second,
                    "nothing_changed": third,
                }
            )
        )


def _timed(office: Office, slot: str) -> dict[str, float]:
    stop = threading.Event()
    waits: list[float] = []
    with office.store.read() as tx:
        count = tx.execute(select(func.count()).select_from(petitions)).scalar_one()
    reader = threading.Thread(target=_read, args=(office.store, count, stop, waits))
    reader.start()
    started, processor = time.perf_counter(), time.process_time()
    moved = sum(1 for _ in recompute_open(office, now=NOW, slot=slot))
    seconds, processor = time.perf_counter() - started, time.process_time() - processor
    stop.set()
    reader.join()
    waits.sort()
    return {
        "seconds": round(seconds, 2),
        "processor_seconds": round(processor, 2),
        "moved": moved,
        "per_second": round(count / seconds),
        "seconds_for_a_million": round(1_000_000 * seconds / count, 1),
        "reader_p99_ms": round(1_000 * waits[int(len(waits) * 0.99)], 1) if waits else 0.0,
    }


def _read(store: Store, count: int, stop: threading.Event, waits: list[float]) -> None:
    """Open one petition after the other with its dates, as an officer or a citizen does."""
    choose = random.Random(3)
    while not stop.is_set():
        number = choose.randint(1, count)
        started = time.perf_counter()
        with store.read() as tx:
            tx.execute(select(petitions).where(petitions.c.reference == f"B-{number}")).all()
            tx.execute(select(deadlines).where(deadlines.c.petition_id == number)).all()
        waits.append(time.perf_counter() - started)
        time.sleep(0.02)


def _fill(office: Office, count: int) -> None:
    """Petitions in the mixture of a busy office: about one in twenty was passed on or suspended."""
    choose = random.Random(7)
    agency = office.directory.province.reception_centres[0]
    for start in range(1, count + 1, _CHUNK):
        rows, events, stays = [], [], []
        for number in range(start, min(start + _CHUNK, count + 1)):
            row, own, on = _petition(choose, number, agency)
            rows.append(row)
            events += [_event(number, event, day) for event, day in own]
            stays += [
                {"petition_id": number, "agency": agency, "source": "post", "received_on": day}
                for day in on
            ]
        with office.store.write() as tx:
            tx.execute(insert(petitions), rows)
            tx.execute(insert(handlings), stays)
            tx.execute(insert(clock_events), events)


_Made = tuple[dict[str, object], list[tuple[str, date]], list[date]]


def _petition(choose: random.Random, number: int, agency: str) -> _Made:
    """One open petition, what happened to it, and the days it came to its agencies."""
    kind = choose.choices(("KNPA", "KN", "TC", "PAKN", "KN_KL"), (40, 30, 20, 8, 2))[0]
    received = TODAY - timedelta(days=int(choose.triangular(0, 200, 10)))
    events, stays, day = [("received", received)], [received], received
    status, accepted_on = "received", None

    def later(least: int, most: int) -> bool:
        nonlocal day
        following = day + timedelta(days=choose.randint(least, most))
        day = following if following <= TODAY else day
        return following <= TODAY

    if choose.random() < 0.05 and later(1, 6):
        events.append(("forwarded", day))
        stays.append(day)
    if choose.random() < 0.7 and later(1, 12):
        status, accepted_on = "accepted", day
        events.append(("accepted", day))
        suspends = kind in ("KN", "TC") and choose.random() < 0.06
        if suspends and later(2, 20):
            events.append(("suspended", day))
            status = "suspended"
            if choose.random() < 0.6 and later(5, 40):
                events.append(("resumed", day))
                status = "accepted"
        if kind == "TC" and choose.random() < 0.15 and later(5, 20):
            events.append(("extended", day))
    row: dict[str, object] = {
        "id": number, "reference": f"B-{number}", "version": 1, "kind": kind, "status": status,
        "source": "post", "received_at": NOW, "legal_received_on": received, "agency": agency,
        "accepted_on": accepted_on, "secret_hash": "", "content_sealed": choose.randbytes(1_000),
        "updated_at": NOW, "fields": [], "accused": [], "routing": {}, "facts": [],
        "instance": 2 if kind == "KN" and choose.random() < 0.2 else 1,
        "complex": any(event == "extended" for event, _ in events)
        or (kind == "KN" and accepted_on is not None and choose.random() < 0.1),
        "remote": kind == "KN" and choose.random() < 0.15,
        "several_places": kind == "TC" and choose.random() < 0.1,
    }  # fmt: skip
    return row, events, stays


def _event(number: int, event: str, on: date) -> dict[str, object]:
    return {
        "petition_id": number, "event": event, "on": on, "document_number": "", "criteria": [],
    }  # fmt: skip


if __name__ == "__main__":
    main()
