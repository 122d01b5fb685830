"""Delivery against a platform that drops answers, refuses, stalls, while the worker is killed.

    python -m tests.chaos.outbound --messages 20000 --recipients 200 --kills 200 --seed 1 \
        --database sqlite

Notices and questions are written straight into the database; a real worker delivers them to a fake
Telegram. No notice may be missing, each person's notices keep their order, a repeat happens only
where an answer was lost or a worker was killed, no question is asked twice, and the pace holds.
"""

from __future__ import annotations

import argparse
import itertools
import random
import re
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from bot.channel_data import limits
from bot.messages import OutgoingMessage
from intake.clock import utc_now
from intake.conversations import Sender, add_outbound, open_conversation
from intake.notices import write_notice
from intake.petition import Petition, Source
from intake.status import NoticeKind
from intake.store.tables import notices, outbox
from tests.chaos.kill import drain, told
from tests.chaos.processes import Office, database
from tests.factories import build_office, file
from tests.fakes import telegram
from tests.fakes.server import Call
from tests.fakes.telegram import FakeTelegram, Sent

_FAULTS = ("drop", "500", "503", "429", "502", "reset")
_FAULTY = 0.06
_QUESTIONS = 0.2
_NUMBER = re.compile(r"tin số (\d+)")
_QUESTION = re.compile(r"^câu hỏi (\d+)$")
# The fake sees a call a moment after its slot was taken; two may come closer than their slots.
_GRACE_SECONDS = 0.25


@dataclass
class Report:
    """What a run gave. All that must be zero is in `faults`."""

    messages: int = 0
    questions: int = 0
    kills: int = 0
    seconds: float = 0.0
    injected: Counter[str] = field(default_factory=Counter)
    repeats: int = 0
    uncertain: int = 0
    faults: Counter[str] = field(default_factory=Counter)


def run(*, messages: int, recipients: int, kills: int, seed: int, url: str, folder: Path) -> Report:
    """One run over a fresh migrated database."""
    chance, report, started = random.Random(seed), Report(messages=messages), time.monotonic()
    paused: list[tuple[str, float]] = []
    with FakeTelegram() as fake:

        def plan(call: Call) -> str:
            if not call.path.endswith("/sendMessage") or chance.random() > _FAULTY:
                return "ok"
            fault = chance.choice(_FAULTS)
            report.injected[fault] += 1
            if fault == "429":
                paused.append((str(call.fields()["chat_id"]), call.at))
            return fault

        report.questions = _write(url, folder, messages, recipients, random.Random(seed + 1))
        fake.plan = plan
        office = Office(url, folder, fake.base_url)
        worker = office.worker
        worker.start()
        done = threading.Event()
        killer = threading.Thread(
            target=_kill, args=(office, kills, random.Random(seed + 2), done), daemon=True
        )
        killer.start()
        try:
            drain(url)
            done.set()
            killer.join()
            drain(url)
        finally:
            done.set()
            worker.stop()
        report.kills = worker.kills
        _check(url, folder, fake, paused, report)
    report.seconds = round(time.monotonic() - started, 1)
    return report


def _write(url: str, folder: Path, count: int, recipients: int, chance: random.Random) -> int:
    """The notices and, among them, questions of the dialogue; how many questions."""
    office, now = build_office(url, folder / "data"), utc_now()
    people: list[tuple[int, str, Petition]] = []
    for number in range(recipients):
        sender = Sender("telegram", telegram.TOKEN.partition(":")[0], str(1_000 + number))
        with office.store.write() as tx:
            found = open_conversation(
                office.store, tx, office.sealer, sender, language="vi", now=now
            )
        petition = file(office, now=now, conversation_id=found.id, source=Source.TELEGRAM)
        people.append((found.id, found.uid, petition))
    questions = 0
    with office.store.write() as tx:
        for number in range(count):
            identity, uid, petition = people[number % recipients]
            values = {"reference": petition.reference}
            write_notice(tx, office.sealer, petition, NoticeKind.CLOSED, values, now=now)
            if chance.random() < _QUESTIONS:
                questions += 1
                add_outbound(
                    tx, office.sealer, conversation_id=identity, uid=uid, now=now,
                    content=OutgoingMessage(f"câu hỏi {questions}").to_content(),
                    to_send_on="telegram",
                )  # fmt: skip
    office.store.close()
    return questions


def _kill(office: Office, kills: int, chance: random.Random, done: threading.Event) -> None:
    for _ in range(kills):
        # A start takes some seconds; what is killed before it worked proves nothing.
        if done.wait(chance.uniform(4.0, 9.0)):
            return
        office.worker.kill()
        office.worker.start()


def _check(
    url: str, folder: Path, fake: FakeTelegram, paused: list[tuple[str, float]], report: Report
) -> None:
    office, faults = build_office(url, folder / "data"), report.faults
    with office.store.read() as tx:
        notice_states = Counter(tx.execute(select(notices.c.state)).scalars())
        reply_states = Counter(tx.execute(select(outbox.c.state)).scalars())
        most_notices = tx.execute(
            select(notices.c.conversation_id, func.max(notices.c.number)).group_by(
                notices.c.conversation_id
            )
        ).all()
    office.store.close()
    by_chat: dict[str, list[Sent]] = defaultdict(list)
    for sent in fake.sent:
        by_chat[sent.chat].append(sent)
    told_numbers = 0
    for sents in by_chat.values():
        numbers = [int(found.group(1)) for one in sents if (found := _NUMBER.search(one.text))]
        first = list(dict.fromkeys(numbers))
        told_numbers += len(first)
        faults["out of order"] += int(first != sorted(first))
        report.repeats += len(numbers) - len(first)
        gaps = [after.at - before.at for before, after in itertools.pairwise(sents)]
        pace = limits("telegram")["per_chat_seconds"] - _GRACE_SECONDS
        faults["faster than a chat may be"] += sum(gap < pace for gap in gaps)
    asked = Counter(found.group(1) for one in fake.sent if (found := _QUESTION.match(one.text)))
    report.uncertain = reply_states["uncertain"]
    faults["lost notices"] = sum(row[1] for row in most_notices) - told_numbers
    faults["notices not sent"] = sum(notice_states.values()) - notice_states["sent"]
    faults["questions asked twice"] = sum(count - 1 for count in asked.values())
    faults["questions unaccounted"] = report.questions - sum(
        reply_states[state] for state in ("sent", "uncertain")
    )
    faults["questions said sent, were not"] = max(0, reply_states["sent"] - len(asked))
    lost_answers = sum(report.injected[fault] for fault in ("drop", "502", "reset"))
    # One sending thread can be caught by a kill between "taken" and "noted".
    allowed = lost_answers + report.kills * limits("telegram")["senders"]
    faults["repeats without a reason"] = max(0, report.repeats - allowed)
    faults["more than uncertain"] = max(0, report.uncertain - allowed)
    times = sorted(call.at for call in fake.calls if call.path.endswith("/sendMessage"))
    most = limits("telegram")["per_second"]
    faults["faster than the platform allows"] = sum(
        times[place + most] - times[place] < 1 - _GRACE_SECONDS
        for place in range(len(times) - most)
    )
    calls: dict[str, list[float]] = defaultdict(list)
    for call in fake.calls:
        if call.path.endswith("/sendMessage"):
            calls[str(call.fields()["chat_id"])].append(call.at)
    faults["pauses not honoured"] = sum(
        any(at < later < at + fake.retry_after - _GRACE_SECONDS for later in calls[chat])
        for chat, at in paused
    )


def main() -> int:
    """Run by command; exit 1 if anything that must be zero is not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--recipients", type=int, default=200)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    arguments = vars(parser.parse_args())
    with database(arguments.pop("database")) as (url, folder):
        return told(run(**arguments, url=url, folder=folder))


if __name__ == "__main__":
    raise SystemExit(main())
