"""SIGKILL of web and worker at random while updates arrive, some twice, some out of order.

    python -m tests.chaos.kill --kills 500 --updates 20000 --dup 0.1 --shuffle 0.2 --seed 1 \
        --database sqlite

A driver posts updates to the real server and repeats each until it is answered 200. When all are
answered and worked off, every update has exactly one stored message, each filing script exactly
one petition, and the database and its timeline are whole.
"""

from __future__ import annotations

import argparse
import http.client
import json
import queue
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

from bot.channels import PATHS
from bot.inbox import UNFINISHED
from intake.store import Store
from intake.store.tables import inbox, messages, notices, outbox, petitions
from intake.timeline import verify
from tests.chaos.processes import Office, database
from tests.factories import BUS_LINE
from tests.fakes import telegram
from tests.fakes.telegram import FakeTelegram

_PATH = PATHS["telegram"]
_SCRIPT = (BUS_LINE, "Bỏ qua", "Gửi đơn")
_CHATTER = 6
_POSTERS = 12
# 22,000 replies at the platform's 30 a second take twelve minutes on an idle machine; what stands
# still is noticed long before.
_DRAIN_SECONDS = 7_200.0
_STALE_SECONDS = 90.0


@dataclass
class Report:
    """What a run gave. All that must be zero is in `faults`."""

    updates: int = 0
    posts: int = 0
    kills: int = 0
    scripts: int = 0
    seconds: float = 0.0
    replies: int = 0
    uncertain: int = 0
    faults: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Post:
    """One update as it is posted, and its number."""

    body: bytes
    number: int


def run(
    *, kills: int, updates: int, dup: float, shuffle: float, seed: int, url: str, folder: Path
) -> Report:
    """One run over a fresh migrated database."""
    chance, report, started = random.Random(seed), Report(), time.monotonic()
    with FakeTelegram() as fake:
        office = Office(url, folder, fake.base_url)
        office.start()
        try:
            chatter, scripts = _updates(fake, updates, shuffle, chance)
            report.scripts = len(scripts)
            posts = [*chatter, *(chance.choice(chatter) for _ in range(int(dup * updates)))]
            report.updates = len(chatter) + sum(map(len, scripts))
            done = threading.Event()
            killer = threading.Thread(
                target=_kill, args=(office, kills, random.Random(seed + 1), done), daemon=True
            )
            killer.start()
            report.posts = _post_all(office, posts, scripts, dup, random.Random(seed + 2))
            killer.join()
            office.wait_until_ready()
            drain(url)
            done.set()
            report.kills = sum(process.kills for process in office.processes)
        finally:
            office.stop()
        _check(url, office, fake, [*chatter, *(post for one in scripts for post in one)], report)
    report.seconds = round(time.monotonic() - started, 1)
    return report


def _updates(
    fake: FakeTelegram, count: int, shuffle: float, chance: random.Random
) -> tuple[list[_Post], list[list[_Post]]]:
    """Small talk of many senders, partly out of order; and scripts that file one petition each."""
    filing = max(1, count // 20)
    scripts = [
        [_post(fake, f"9{number:06d}", said) for said in _SCRIPT] for number in range(filing)
    ]
    chatter = []
    for number in range(count - filing * len(_SCRIPT)):
        sender = f"8{number // _CHATTER:06d}"
        chatter.append(_post(fake, sender, f"xin chào lần {number}", sent=1_700_000_000 + number))
    for place in range(len(chatter) - 1):
        if chance.random() < shuffle:
            other = min(len(chatter) - 1, place + chance.randint(1, 4))
            chatter[place], chatter[other] = chatter[other], chatter[place]
    return chatter, scripts


def _post(fake: FakeTelegram, sender: str, said: str, *, sent: int | None = None) -> _Post:
    update = fake.text(sender, said, sent=sent)
    return _Post(json.dumps(update).encode(), update["update_id"])


def _post_all(
    office: Office,
    posts: list[_Post],
    scripts: list[list[_Post]],
    dup: float,
    chance: random.Random,
) -> int:
    """Post everything, each until it is acknowledged; how many calls that took."""
    waiting: queue.Queue[list[_Post]] = queue.Queue()
    lines = [[post] for post in posts] + scripts
    chance.shuffle(lines)
    # Shuffled lines would undo the order that was chosen; small talk keeps its own.
    talk = iter(posts)
    for line in lines:
        waiting.put([next(talk)] if len(line) == 1 else line)
    calls = Counter[str]()

    def work() -> None:
        own = random.Random(chance.random())
        connection: http.client.HTTPConnection | None = None
        while True:
            try:
                line = waiting.get_nowait()
            except queue.Empty:
                if connection is not None:
                    connection.close()
                return
            for post in line:
                again = 2 if len(line) > 1 and own.random() < dup else 1
                for _ in range(again):
                    while True:
                        calls["posts"] += 1
                        connection, status = _call(office.port, connection, post.body)
                        if status == 200:
                            break
                        time.sleep(0.05)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(_POSTERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return calls["posts"]


def _call(
    port: int, connection: http.client.HTTPConnection | None, body: bytes
) -> tuple[http.client.HTTPConnection | None, int]:
    connection = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {
        "content-type": "application/json",
        "x-telegram-bot-api-secret-token": telegram.SECRET,
    }
    try:
        connection.request("POST", _PATH, body=body, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return connection, answer.status
    except (OSError, http.client.HTTPException):
        connection.close()
        return None, 0


def _kill(office: Office, kills: int, chance: random.Random, done: threading.Event) -> None:
    for number in range(kills):
        if done.wait(chance.uniform(0.2, 2.5)):
            return
        process = office.processes[number % len(office.processes)]
        process.kill()
        process.start()


def drain(url: str) -> None:
    """Wait until nothing is left to do."""
    store = Store(url)
    give_up = time.monotonic() + _DRAIN_SECONDS
    last, changed = (-1, -1, -1), time.monotonic()
    try:
        while time.monotonic() < give_up:
            with store.read() as tx:
                left = (
                    _count(tx, inbox, inbox.c.state.in_(UNFINISHED)),
                    _count(tx, outbox, outbox.c.state.in_(("ready", "leased"))),
                    _count(tx, notices, notices.c.state.in_(("ready", "leased"))),
                )
            if not any(left):
                return
            if left != last:
                last, changed = left, time.monotonic()
            if time.monotonic() - changed > _STALE_SECONDS:
                return  # whoever checks finds what is left
            time.sleep(0.5)
    finally:
        store.close()


def _count(tx: Any, table: Any, *conditions: Any) -> int:
    return int(tx.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one())


def _check(
    url: str, office: Office, fake: FakeTelegram, posts: list[_Post], report: Report
) -> None:
    store = Store(url)
    faults = report.faults
    try:
        with store.read() as tx:
            stored = Counter(
                tx.execute(
                    select(messages.c.client_id).where(messages.c.direction == "in")
                ).scalars()
            )
            states = Counter(tx.execute(select(inbox.c.state)).scalars())
            sent = Counter(tx.execute(select(outbox.c.state)).scalars())
            filed = _count(tx, petitions)
            answered = set(
                tx.execute(
                    select(messages.c.answers_id).where(messages.c.answers_id.is_not(None))
                ).scalars()
            )
            inbound = set(
                tx.execute(select(messages.c.id).where(messages.c.direction == "in")).scalars()
            )
            broken = verify(tx).broken_at
            whole = tx.execute(text("PRAGMA integrity_check")).scalar() if store.is_sqlite else "ok"
    finally:
        store.close()
    wanted = {str(post.number) for post in posts}
    faults["lost"] = len(wanted - set(stored))
    faults["doubled"] = sum(count - 1 for count in stored.values())
    faults["invented"] = len(set(stored) - wanted)
    faults["unanswered"] = len(inbound - answered)
    faults["petitions off"] = abs(filed - report.scripts)
    faults["not done"] = sum(count for state, count in states.items() if state != "done")
    faults["unsent"] = sum(
        count for state, count in sent.items() if state not in ("sent", "uncertain")
    )
    faults["timeline broken"] = int(broken is not None)
    faults["database broken"] = int(whole != "ok")
    # Whatever was said to have been sent, was; a kill may leave one reply uncertain.
    report.replies, report.uncertain = sent["sent"], sent["uncertain"]
    faults["said sent, was not"] = max(0, sent["sent"] - len(fake.sent))
    faults["sent twice"] = max(0, len(fake.sent) - sent["sent"] - sent["uncertain"])
    faults["tracebacks"] = sum(
        process.printed().count("Traceback (most recent call last)") for process in office.processes
    )


def main() -> int:
    """Run by command; exit 1 if anything that must be zero is not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--updates", type=int, default=20_000)
    parser.add_argument("--dup", type=float, default=0.1)
    parser.add_argument("--shuffle", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    arguments = vars(parser.parse_args())
    with database(arguments.pop("database")) as (url, folder):
        report = run(**arguments, url=url, folder=folder)
    return told(report)


def told(report: Any) -> int:
    """Print a report; the exit code."""
    print(json.dumps(vars(report), indent=1))
    return int(any(report.faults.values()))


if __name__ == "__main__":
    raise SystemExit(main())
