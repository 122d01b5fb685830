"""Recomputing open petitions after a calendar decision, while a reader keeps asking.

    python -m benchmarks.recompute [--petitions N] [--database URL]

Prints petitions a second, the projection to a million, and how a reader's look-ups fared
meanwhile. The petitions are synthetic rows (no texts), since the dates need only the events.
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
from intake.store.schema import upgrade
from intake.store.tables import clock_events, handlings, petitions
from intake.workdays import DayOverride, WorkCalendar

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
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
        print(
            json.dumps(
                {
                    "petitions": chosen.petitions,
                    "derive_all": first,
                    "after_calendar_change": second,
                }
            )
        )


def _timed(office: Office, slot: str) -> dict[str, float]:
    stop = threading.Event()
    waits: list[float] = []
    reader = threading.Thread(target=_read, args=(office.store, stop, waits))
    reader.start()
    started = time.perf_counter()
    moved = sum(1 for _ in recompute_open(office, now=NOW, slot=slot))
    seconds = time.perf_counter() - started
    stop.set()
    reader.join()
    with office.store.read() as tx:
        count = tx.execute(select(func.count()).select_from(petitions)).scalar_one()
    waits.sort()
    return {
        "seconds": round(seconds, 2),
        "moved": moved,
        "per_second": round(count / seconds),
        "seconds_for_a_million": round(1_000_000 * seconds / count, 1),
        "reader_p99_ms": round(1_000 * waits[int(len(waits) * 0.99)], 1) if waits else 0.0,
    }


def _read(store: Store, stop: threading.Event, waits: list[float]) -> None:
    while not stop.is_set():
        started = time.perf_counter()
        with store.read() as tx:
            tx.execute(select(petitions.c.reference).order_by(petitions.c.next_due).limit(20)).all()
        waits.append(time.perf_counter() - started)
        time.sleep(0.02)


def _fill(office: Office, count: int) -> None:
    choose = random.Random(7)
    agency = office.directory.province.reception_centres[0]
    kinds = ("KNPA", "KN", "TC", "PAKN")
    for start in range(1, count + 1, _CHUNK):
        numbers = range(start, min(start + _CHUNK, count + 1))
        rows, events, stays = [], [], []
        for number in numbers:
            kind = choose.choice(kinds)
            received = date(2026, 11, 20) - timedelta(days=choose.randrange(40))
            accepted = received + timedelta(days=5)
            is_accepted = accepted <= date(2026, 11, 20) and choose.random() < 0.6
            rows.append(
                {
                    "id": number, "reference": f"B-{number}", "version": 1, "kind": kind,
                    "status": "accepted" if is_accepted else "received", "source": "post",
                    "received_at": NOW, "legal_received_on": received, "agency": agency,
                    "accepted_on": accepted if is_accepted else None, "secret_hash": "",
                    "content_sealed": b"", "updated_at": NOW, "fields": [], "accused": [],
                    "routing": {},
                }
            )  # fmt: skip
            stays.append(
                {"petition_id": number, "agency": agency, "source": "post", "received_on": received}
            )
            events.append(_event(number, "received", received))
            if is_accepted:
                events.append(_event(number, "accepted", accepted))
        with office.store.write() as tx:
            tx.execute(insert(petitions), rows)
            tx.execute(insert(handlings), stays)
            tx.execute(insert(clock_events), events)


def _event(number: int, event: str, on: date) -> dict[str, object]:
    return {
        "petition_id": number, "event": event, "on": on, "document_number": "", "criteria": [],
    }  # fmt: skip


if __name__ == "__main__":
    main()
