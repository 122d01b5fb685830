"""Genuine webhook calls with one thing wrong: nothing may come of any.

python -m tests.chaos.forge --calls 10000
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import func, select

from bot.channels import PATHS
from intake.store.tables import inbox
from tests.chaos.kill import told
from tests.chaos.processes import database
from tests.fakes import zalo_oa
from tests.fakes.platforms import CHANNELS, Town, open_town, proof

_Forgery = tuple[bytes, list[tuple[str, str]]]


@dataclass
class Report:
    """What a run gave. All that must be zero is in `faults`."""

    calls: int = 0
    faults: Counter[str] = field(default_factory=Counter)


def run(town: Town, channel: str, calls: int, *, seed: int) -> Counter[str]:
    """Forged calls to one channel; what went wrong, by kind."""
    chance, faults = random.Random(f"{channel}-{seed}"), Counter[str]()
    for number in range(calls):
        body = json.dumps(town.fake(channel).text("77", f"giả {number}")).encode()
        forged, headers = forgery(channel, body, chance)
        answer = town.client.post(PATHS[channel], content=forged, headers=headers)
        # Only what a platform's console does to try an address is answered kindly.
        unsigned = channel == "zalo_oa" and not dict(headers).get("X-ZEvent-Signature")
        empty = channel == "zalo_bot" and not forged.strip()
        wanted = 200 if unsigned or empty else 403
        faults[f"answered {answer.status_code}"] += int(answer.status_code != wanted)
    return faults


def forgery(channel: str, body: bytes, chance: random.Random) -> _Forgery:
    """A genuine call with one thing wrong."""
    ((name, value),) = proof(channel, body).items()
    digits = value.removeprefix("mac=")
    wrong: list[Callable[[], _Forgery]] = [
        lambda: (body, []),
        lambda: (b"", []),
        lambda: (body, [(name, "")]),
        lambda: (body, [(name, value[:-1])]),
        lambda: (body, [(name, value + "0")]),
        lambda: (body, [(name, "mac=" + _flip(digits, chance))]),
        lambda: (body, [(name, _flip(value, chance))]),
        lambda: (body, [(name, value), (name, value)]),
        lambda: (body, [(name, f"{value},{value}")]),
        lambda: (body, [(name, "mac=" + "0" * 64)]),
        lambda: (body, [(name.replace("X-", "Y-"), value)]),
    ]
    if channel == "zalo_oa":
        other = json.dumps(json.loads(body), indent=1).encode()
        wrong += [
            lambda: (other, [(name, value)]),
            lambda: (body.replace(b"gi", b"Gi"), [(name, value)]),
            lambda: (body + b" ", [(name, value)]),
            lambda: (body, [(name, zalo_oa.sign(body, key="OTHER_SECRET"))]),
            lambda: (body, [(name, zalo_oa.sign(body, app_id="9" * 19))]),
            lambda: (_aged(body), [(name, value)]),
            lambda: (b"xin ch\xc3\xa0o", [(name, value)]),
        ]
    return chance.choice(wrong)()


def _flip(value: str, chance: random.Random) -> str:
    place = chance.randrange(len(value))
    other = "1" if value[place] != "1" else "2"
    return value[:place] + other + value[place + 1 :]


def _aged(body: bytes) -> bytes:
    data = json.loads(body)
    data["timestamp"] = str(int(data["timestamp"]) + 1)
    return json.dumps(data).encode()


def main() -> int:
    """Run by command; exit 1 if anything that must be zero is not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000, help="for each channel")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    report = Report(calls=arguments.calls)
    with database("sqlite") as (url, folder), open_town(url, folder) as town:
        for channel in CHANNELS:
            report.faults += run(town, channel, arguments.calls, seed=arguments.seed)
        with town.office.store.read() as tx:
            stored = tx.execute(select(func.count()).select_from(inbox)).scalar_one()
        report.faults["rows written"] = int(stored)
    return told(report)


if __name__ == "__main__":
    raise SystemExit(main())
