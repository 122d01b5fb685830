"""An acknowledgement means "on disk": before each 200 the database file was synced.

    python -m tests.chaos.fsync_before_ack --acks 1000

Runs the server under strace and reads the trace: between the last write to a file of the database
and the bytes of a 200 there must be an fsync or fdatasync of that file. SQLite only: what
PostgreSQL syncs is its own server's affair, and start-up refuses one that does not.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bot.channels import PATHS
from tests.chaos.kill import told
from tests.chaos.processes import Office, database
from tests.fakes import telegram
from tests.fakes.telegram import FakeTelegram

_CALLS = "openat,pwrite64,write,writev,sendto,sendmsg,fsync,fdatasync"
_TRACE = re.compile(r"^\d+\s+(?:<\.\.\. )?(\w+)(?: resumed>)?\((\d+)<([^>]*)>(.*)$")


@dataclass
class Report:
    """What a run gave. All that must be zero is in `faults`."""

    acks: int = 0
    synced: int = 0
    faults: Counter[str] = field(default_factory=Counter)


def available() -> bool:
    """Whether the machine has strace and lets it trace."""
    strace = shutil.which("strace")
    if strace is None:
        return False
    return subprocess.run([strace, "-o", "/dev/null", "true"], check=False).returncode == 0


def run(*, acks: int, url: str, folder: Path) -> Report:
    """Post `acks` updates one after another and read the trace."""
    trace = folder / "trace"
    with FakeTelegram() as fake:
        office = Office(url, folder, fake.base_url)
        office.web.start()
        office.wait_until_ready()
        strace = subprocess.Popen(
            ["strace", "-f", "-y", "-s", "16", "-o", str(trace), "-e", f"trace={_CALLS}",
             "-p", str(office.web.pid)],
            stderr=subprocess.PIPE,
        )  # fmt: skip
        assert strace.stderr is not None
        while b"attached" not in strace.stderr.readline():
            time.sleep(0.01)
        try:
            connection = http.client.HTTPConnection("127.0.0.1", office.port, timeout=30)
            headers = {"x-telegram-bot-api-secret-token": telegram.SECRET}
            for number in range(acks):
                body = json.dumps(fake.text("77", f"xin chào {number}"))
                connection.request("POST", PATHS["telegram"], body=body, headers=headers)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200
            connection.close()
        finally:
            strace.terminate()
            strace.wait()
            strace.stderr.close()
            office.stop()
    return judged(trace.read_text("utf-8", errors="replace").splitlines(), acks)


def judged(lines: Iterable[str], acks: int) -> Report:
    """Read a trace: each 200 needs a write before it, and a sync after the last write."""
    report, unsynced, written = Report(acks=acks), set[str](), False
    for line in lines:
        found = _TRACE.match(line)
        if found is None:
            continue
        call, _, name, rest = found.groups()
        database_file = "tiepdan.sqlite3" in name
        if call in ("pwrite64", "write") and database_file:
            unsynced.add(name)
            written = True
        elif call in ("fsync", "fdatasync") and database_file:
            unsynced.discard(name)
        elif "HTTP/1.1 200" in rest:
            # The rollback journal is gone with the commit; only the database itself counts then.
            open_files = {one for one in unsynced if "-journal" not in one}
            report.synced += int(written and not open_files)
            report.faults["acknowledged before synced"] += int(bool(open_files))
            report.faults["acknowledged without a write"] += int(not written)
            unsynced.clear()
            written = False
    report.faults["acknowledgements not seen"] = acks - report.synced
    return report


def main() -> int:
    """Run by command; exit 1 if anything that must be zero is not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--acks", type=int, default=1_000)
    arguments = parser.parse_args()
    with database("sqlite") as (url, folder):
        return told(run(acks=arguments.acks, url=url, folder=folder))


if __name__ == "__main__":
    raise SystemExit(main())
