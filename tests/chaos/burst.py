"""Eight first messages of one person at once, on four workers: one conversation, eight messages.

python -m tests.chaos.burst --trials 1000 --database postgresql
"""

from __future__ import annotations

import argparse
import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from bot.inbox import Arrival, InboxState, Receiver
from bot.inbox_worker import InboxWorker, Inlet
from bot.media import MediaRefused
from bot.telegram_channel import TelegramTranslator
from bot.webhooks import arrival_of
from intake.clock import utc_now
from intake.office import Office
from intake.store.tables import conversations, inbox, messages
from tests.chaos.kill import told
from tests.chaos.processes import database
from tests.factories import build_office
from tests.fakes.telegram import FakeTelegram

_MESSAGES = 8
_WORKERS = 4
_ACCOUNT = "700000001"


@dataclass
class Report:
    """What a run gave. All that must be zero is in `faults`."""

    trials: int = 0
    faults: Counter[str] = field(default_factory=Counter)


def run(*, trials: int, url: str, folder: Path) -> Report:
    """Trials over a fresh migrated database."""
    office, report = build_office(url, folder / "data"), Report(trials=trials)
    translator = TelegramTranslator(account=_ACCOUNT, secret="s")
    inlets = {"telegram": Inlet(translator, _no_files)}
    receivers = [Receiver(office) for _ in range(_MESSAGES)]
    workers = [
        InboxWorker(
            office, inlets, owner=f"burst-{number}", clock=lambda: utc_now() + timedelta(seconds=5)
        )
        for number in range(_WORKERS)
    ]
    with FakeTelegram() as fake:
        for trial in range(trials):
            arrivals = [
                arrival_of(translator, json.dumps(update).encode())
                for update in (
                    fake.text(str(10_000 + trial), f"xin chào {number}", sent=1_000 + number)
                    for number in range(_MESSAGES)
                )
            ]
            _together([_storing(receivers[n], one) for n, one in enumerate(arrivals) if one])
            _together([_working(worker) for worker in workers])
    _check(office, trials, report)
    office.store.close()
    return report


def _no_files(_: object) -> bytes:
    raise MediaRefused("no files here")


def _storing(receiver: Receiver, arrival: Arrival) -> threading.Thread:
    return threading.Thread(target=receiver.store_now, args=([arrival],))


def _working(worker: InboxWorker) -> threading.Thread:
    def work() -> None:
        idle = 0
        while idle < 3:
            idle = 0 if worker.work_once(InboxState.READY) else idle + 1

    return threading.Thread(target=work)


def _together(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _check(office: Office, trials: int, report: Report) -> None:
    with office.store.read() as tx:
        people = list(tx.execute(select(conversations.c.id)).scalars())
        said = list(
            tx.execute(
                select(messages.c.conversation_id, messages.c.client_id)
                .where(messages.c.direction == "in")
                .order_by(messages.c.id)
            )
        )
        states = Counter(tx.execute(select(inbox.c.state)).scalars())
    faults = report.faults
    faults["conversations off"] = abs(len(people) - trials)
    faults["messages off"] = abs(len(said) - trials * _MESSAGES)
    faults["not done"] = sum(states.values()) - states["done"]
    order: dict[int, list[int]] = {}
    for conversation, number in said:
        order.setdefault(conversation, []).append(int(number))
    faults["out of order"] = sum(one != sorted(one) for one in order.values())


def main() -> int:
    """Run by command; exit 1 if anything that must be zero is not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    arguments = parser.parse_args()
    with database(arguments.database) as (url, folder):
        return told(run(trials=arguments.trials, url=url, folder=folder))


if __name__ == "__main__":
    raise SystemExit(main())
