"""The database goes away for a while: nothing is acknowledged meanwhile, everything arrives after.

    python -m tests.chaos.dbdown --seconds 60 --database postgresql

SQLite: another process holds the file's lock. PostgreSQL: the database admits nobody and throws
everybody out. Citizens keep writing; their platform repeats what was not answered 200.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
from psycopg import sql
from sqlalchemy import func, make_url, select

from bot.channels import PATHS
from intake.store import Store
from intake.store.tables import inbox, messages
from tests.chaos.kill import drain, told
from tests.chaos.processes import Office, database
from tests.fakes import telegram
from tests.fakes.telegram import FakeTelegram

_HEADERS = {"x-telegram-bot-api-secret-token": telegram.SECRET}
_ANSWER_SECONDS = 2.0
_RED_SECONDS = 5.0
_DRAINED_SECONDS = 60.0
_EVERY_SECONDS = 0.2


@dataclass
class Report:
    """What a run gave. All that must be zero is in `faults`."""

    written: int = 0
    slowest_ms: float = 0.0
    red_after_s: float = 0.0
    drained_after_s: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)


def run(*, seconds: float, url: str, folder: Path) -> Report:
    """One outage over a fresh migrated database."""
    report = Report()
    with FakeTelegram() as fake:
        office = Office(url, folder, fake.base_url, one_process=True)
        office.start()
        try:
            with httpx.Client(
                base_url=f"http://127.0.0.1:{office.port}", trust_env=False, timeout=30
            ) as client:
                _post(client, fake, report, 1)
                with _away(url):
                    unanswered = _during(client, fake, report, seconds)
                returned = time.monotonic()
                _again(client, unanswered)
                drain(url)
                report.drained_after_s = round(time.monotonic() - returned, 1)
        finally:
            office.stop()
            report.faults["tracebacks"] = office.web.printed().count("Traceback (most")
    report.faults["slow to drain"] = int(report.drained_after_s > _DRAINED_SECONDS)
    report.faults["never red"] = int(not 0 < report.red_after_s <= _RED_SECONDS)
    store = Store(url)
    with store.read() as tx:
        rows = tx.execute(select(func.count()).select_from(inbox)).scalar_one()
        done = tx.execute(
            select(func.count()).select_from(messages).where(messages.c.direction == "in")
        ).scalar_one()
        states = Counter(tx.execute(select(inbox.c.state)).scalars())
    store.close()
    report.faults["not done"] = rows - states["done"]
    report.faults["rows off"] = abs(rows - report.written)
    report.faults["effects off"] = abs(done - report.written)
    return report


def _during(
    client: httpx.Client, fake: FakeTelegram, report: Report, seconds: float
) -> list[bytes]:
    """Citizens write while the database is away; what was not acknowledged comes back."""
    began, unanswered, number = time.monotonic(), list[bytes](), 0
    # One round at least, however short the outage.
    while not unanswered or time.monotonic() - began < seconds:
        number += 1
        body = json.dumps(fake.text(str(2_000 + number), "xin chào")).encode()
        started = time.monotonic()
        status = client.post(PATHS["telegram"], content=body, headers=_HEADERS).status_code
        took = time.monotonic() - started
        report.slowest_ms = max(report.slowest_ms, round(took * 1000, 1))
        report.faults["acknowledged while away"] += int(status == 200)
        report.faults["neither 200 nor 503"] += int(status not in (200, 503))
        report.faults["slower than two seconds"] += int(took > _ANSWER_SECONDS)
        report.written += 1
        unanswered.append(body)
        if not report.red_after_s and not _ready(client):
            report.red_after_s = round(time.monotonic() - began, 2)
        time.sleep(_EVERY_SECONDS)
    return unanswered


def _ready(client: httpx.Client) -> bool:
    """What a load balancer sees; no answer in time is an answer, too."""
    try:
        return client.get("/readyz", timeout=_RED_SECONDS / 2).status_code == 200
    except httpx.TimeoutException:
        return False


def _again(client: httpx.Client, bodies: list[bytes]) -> None:
    for body in bodies:
        while client.post(PATHS["telegram"], content=body, headers=_HEADERS).status_code != 200:
            time.sleep(0.2)


def _post(client: httpx.Client, fake: FakeTelegram, report: Report, count: int) -> None:
    for number in range(count):
        body = json.dumps(fake.text(str(1_000 + number), "xin chào")).encode()
        _again(client, [body])
        report.written += 1


@contextmanager
def _away(url: str) -> Iterator[None]:
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        assert address.database is not None
        blocker = sqlite3.connect(address.database, isolation_level=None, timeout=30)
        blocker.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            blocker.execute("ROLLBACK")
            blocker.close()
        return
    name = sql.Identifier(str(address.database))
    plain = address.set(drivername="postgresql", database="postgres")
    with psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            (address.database,),
        )
        try:
            yield
        finally:
            admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))


def main() -> int:
    """Run by command; exit 1 if anything that must be zero is not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    arguments = parser.parse_args()
    with database(arguments.database) as (url, folder):
        return told(run(seconds=arguments.seconds, url=url, folder=folder))


if __name__ == "__main__":
    raise SystemExit(main())
