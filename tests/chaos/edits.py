"""Many officers change the same petitions at once over HTTP: nothing is silently overwritten.

    python -m tests.chaos.edits --clients 16 --edits 500 --petitions 10 --database postgresql

Each client reads a petition and sends a change with the version it read (`If-Match`), now and then
with one it read long ago, to one of two server processes over one database. Whatever was answered
200 must be there in the end, in the order of the versions; whatever was answered 412 must not.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from intake.accounts import NewAccount, Purpose, create_officer, open_session
from intake.clock import utc_now
from intake.office import Office
from intake.officers import SYSTEM
from intake.status import Role
from intake.store.petitions import content_of, get_petition
from intake.timeline import entries_of, verify
from tests.chaos.kill import told
from tests.chaos.processes import Office as Running
from tests.chaos.processes import Process, database
from tests.factories import agency_of, build_office, file

_STALE = 0.1
_ASSIGNMENTS = 0.3
_MARK = re.compile(r"ý số (\d+-\d+)\b")
_TEXT, _ASSIGN = "information_added", "petition_assigned"


@dataclass(frozen=True)
class Edit:
    """One change that was sent: what it said, on which version, and the version it led to."""

    reference: str
    event: str
    value: str
    based_on: int
    led_to: int | None  # None: refused


@dataclass
class Report:
    """What a run gave. All that must be zero is in `faults`."""

    clients: int = 0
    edits: int = 0
    applied: int = 0
    refused: int = 0
    stale: int = 0
    seconds: float = 0.0
    per_second: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Stored:
    """A petition as the database has it in the end."""

    first_version: int
    version: int
    marks: Sequence[str]
    assigned_to: str | None
    events: Sequence[tuple[str, str]]


def run(*, clients: int, edits: int, petitions: int, seed: int, url: str, folder: Path) -> Report:
    """One run over a fresh migrated database."""
    office = build_office(url, folder / "data")
    names, tokens = _officers(office, clients)
    versions = {
        found.reference: found.version
        for found in (file(office, now=utc_now()) for _ in range(petitions))
    }
    running = Running(url, folder, "http://127.0.0.1:9/bot")
    second = Running(url, folder, "http://127.0.0.1:9/bot")
    second.web = Process(
        ["serve", "--host", "127.0.0.1", "--port", str(second.port), "--no-worker"],
        second.environment,
        folder / "web-2.log",
    )
    report = Report(clients=clients, edits=clients * edits)
    workers = [
        _Client(
            number,
            (running, second)[number % 2].port,
            tokens[number],
            sorted(versions),
            names,
            random.Random(seed * 1_000 + number),
        )
        for number in range(clients)
    ]
    try:
        for server in (running, second):
            server.web.start()
            server.wait_until_ready()
        started = time.monotonic()
        threads = [threading.Thread(target=each.work, args=(edits,)) for each in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        report.seconds = round(time.monotonic() - started, 1)
    finally:
        running.web.stop()
        second.web.stop()
    sent = [edit for worker in workers for edit in worker.sent]
    for worker in workers:
        report.faults += worker.faults
        report.stale += worker.stale
    report.applied = sum(edit.led_to is not None for edit in sent)
    report.refused = len(sent) - report.applied
    report.per_second = round(report.edits / max(report.seconds, 0.1), 1)
    report.faults["edits without an answer"] = report.edits - len(sent)
    stored = {name: _stored(office, name, first) for name, first in versions.items()}
    report.faults += judged(sent, stored)
    with office.store.read() as tx:
        report.faults["timeline broken"] = int(verify(tx).broken_at is not None)
    office.store.close()
    return report


def judged(sent: Sequence[Edit], stored: dict[str, Stored]) -> Counter[str]:
    """What is wrong with the end state, given every answer."""
    faults: Counter[str] = Counter()
    of_petition: dict[str, list[Edit]] = defaultdict(list)
    for edit in sent:
        of_petition[edit.reference].append(edit)
    for reference, found in stored.items():
        edits = of_petition[reference]
        applied = sorted(
            (edit for edit in edits if edit.led_to is not None), key=lambda edit: edit.led_to or 0
        )
        reached = [edit.led_to for edit in applied]
        expected = list(range(found.first_version + 1, found.first_version + 1 + len(applied)))
        faults["two edits led to one version"] += len(reached) - len(set(reached))
        faults["versions are not one for each edit"] += int(
            sorted(reached, key=lambda at: at or 0) != expected
            or found.version != found.first_version + len(applied)
        )
        faults["applied on another version than read"] += sum(
            edit.led_to != edit.based_on + 1 for edit in applied
        )
        texts = [edit.value for edit in applied if edit.event == _TEXT]
        faults["silently overwritten"] += len(set(texts) - set(found.marks))
        faults["written twice"] += len(found.marks) - len(set(found.marks))
        faults["refused but written"] += len(set(found.marks) - set(texts))
        faults["texts out of order"] += int(
            [mark for mark in found.marks if mark in set(texts)]
            != [mark for mark in texts if mark in set(found.marks)]
        )
        holders = [edit.value for edit in applied if edit.event == _ASSIGN]
        faults["assigned to another"] += int(
            found.assigned_to != (holders[-1] if holders else None)
        )
        faults["audit differs from what was answered"] += int(
            list(found.events)
            != [(edit.event, edit.value if edit.event == _ASSIGN else "") for edit in applied]
        )
    if not any(edit.led_to is None for edit in sent):
        faults["nobody collided: the run proves nothing"] += 1
    return faults


class _Client:
    """One officer at one browser: reads, changes, remembers every answer."""

    def __init__(
        self,
        number: int,
        port: int,
        token: str,
        references: Sequence[str],
        names: Sequence[str],
        chance: random.Random,
    ) -> None:
        self.sent: list[Edit] = []
        self.faults: Counter[str] = Counter()
        self.stale = 0
        self._number, self._references, self._names = number, references, names
        self._chance = chance
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._read: dict[str, int] = {}

    def work(self, edits: int) -> None:
        """That many changes, one after the other."""
        try:
            for turn in range(edits):
                self._edit(turn)
        except (OSError, http.client.HTTPException) as error:
            self.faults[f"connection: {type(error).__name__}"] += 1
        finally:
            self._connection.close()

    def _edit(self, turn: int) -> None:
        reference = self._chance.choice(self._references)
        known = self._read.get(reference)
        if known is None or self._chance.random() >= _STALE:
            status, version, _ = self._call("GET", f"/api/v1/petitions/{reference}")
            if status != 200 or version is None:
                self.faults[f"reading: {status}"] += 1
                return
            self._read[reference] = known = version
        else:
            self.stale += 1
        if self._chance.random() < _ASSIGNMENTS:
            event, value = _ASSIGN, self._chance.choice(self._names)
            action, body = "assign", {"to": value}
        else:
            event, value = _TEXT, f"{self._number}-{turn}"
            action, body = "add-information", {"text": f"ý số {value}"}
        path = f"/api/v1/petitions/{reference}/actions/{action}"
        status, version, problem = self._call("POST", path, body, known)
        if status not in (200, 412):
            self.faults[f"answered {status} {problem}"] += 1
            return
        led_to = version if status == 200 else None
        self.sent.append(Edit(reference, event, value, known, led_to))
        if led_to is not None:
            self._read[reference] = led_to

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, version: int | None = None
    ) -> tuple[int, int | None, str]:
        """Status, version of the answer's ETag, kind of problem."""
        headers = dict(self._headers)
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        self._connection.request(
            method, path, None if body is None else json.dumps(body).encode(), headers
        )
        answer = self._connection.getresponse()
        content = answer.read()
        tag = answer.getheader("ETag")
        problem = ""
        if answer.status >= 400:
            problem = str(json.loads(content or b"{}").get("type", ""))
        return answer.status, int(tag.strip('"')) if tag else None, problem


def _officers(office: Office, count: int) -> tuple[list[str], list[str]]:
    """Clerks of one agency, each signed in: names and tokens."""
    names = [f"officer-{number:02}" for number in range(count)]
    tokens = []
    for name in names:
        with office.store.write() as tx:
            account = NewAccount(
                name, "Cán bộ Thử", Role.AGENCY_CLERK, agency_of(office, "so-xay-dung")
            )
            made = create_officer(office, tx, account, "x", by=SYSTEM, now=utc_now())
            tokens.append(open_session(tx, made.id, Purpose.API, now=utc_now()))
    return names, tokens


def _stored(office: Office, reference: str, first: int) -> Stored:
    with office.store.read() as tx:
        petition = get_petition(tx, reference)
        text = content_of(tx, office.sealer, petition).text
        entries = [row for row in entries_of(tx, petition.id) if row.event in (_TEXT, _ASSIGN)]
    return Stored(
        first_version=first,
        version=petition.version,
        marks=_MARK.findall(text),
        assigned_to=petition.assigned_to,
        events=[(row.event, row.values["to"] if row.event == _ASSIGN else "") for row in entries],
    )


def main() -> int:
    """Run by command; exit 1 if anything that must be zero is not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--edits", type=int, default=500)
    parser.add_argument("--petitions", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    arguments = vars(parser.parse_args())
    with database(arguments.pop("database")) as (url, folder):
        return told(run(**arguments, url=url, folder=folder))


if __name__ == "__main__":
    raise SystemExit(main())
