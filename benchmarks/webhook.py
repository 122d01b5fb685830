"""Webhooks: messages accepted a second against the bare limit, and the time to answer under load.

    python -m benchmarks.webhook [--database sqlite|postgresql]
    python -m benchmarks.webhook --memory 100000

The bare limit is measured in the same run: the same web server with one route that checks the same
secret, inserts one row and commits. Then fifty messages a second for a while, with the platform's
API stalled, so that whoever waited for it would show. Prints one line of JSON; compare the figures
of one line with each other, not across machines. `--memory` posts so many messages to the receiving
process and prints its resident memory after each tenth of them.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response
from sqlalchemy import insert

from bot.channels import PATHS
from intake.clock import utc_now
from intake.store import Store
from intake.store.tables import inbox
from tests.chaos.processes import Office, database
from tests.fakes import telegram
from tests.fakes.telegram import FakeTelegram

ROUNDS = 3
MESSAGES = 600
CONNECTIONS = 32
STEADY_SECONDS = 20
STEADY_RATE = 50
_IDLE_SECONDS = 2.0  # below the server's own, so that nobody writes into a closing connection
_HEADERS = {
    "x-telegram-bot-api-secret-token": telegram.SECRET,
    "content-type": "application/json",
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--memory", type=int, metavar="MESSAGES")
    parser.add_argument("--bare", nargs=2, metavar=("URL", "PORT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bare:
        serve_bare(arguments.bare[0], int(arguments.bare[1]))
        return
    if arguments.memory:
        measure_memory(arguments.database, arguments.memory)
        return
    with FakeTelegram() as fake:
        fake.plan = lambda call: "stall"
        bare, accepted = rates(arguments.database, fake)
        with database(arguments.database) as (url, folder):
            # SQLite: web and work in one process, as it is used; PostgreSQL: one each.
            alone = arguments.database == "sqlite"
            office = Office(url, folder, fake.base_url, one_process=alone)
            office.start()
            try:
                answered = asyncio.run(steady(office.port, fake))
            finally:
                office.stop()
    seconds = [one for one, _ in answered]
    print(json.dumps({
        "database": arguments.database,
        "bare_per_s": round(median(bare)),
        "accepted_per_s": round(median(accepted)),
        "share_of_bare": round(median(accepted) / median(bare), 2),
        "steady": {
            "rate_per_s": STEADY_RATE,
            "messages": len(answered),
            "not_accepted": sum(status != 200 for _, status in answered),
            "p50_ms": round(median(seconds) * 1000, 1),
            "p99_ms": round(quantiles(seconds, n=100)[98] * 1000, 1),
            "worst_ms": round(max(seconds) * 1000, 1),
        },
    }))  # fmt: skip


def rates(kind: str, fake: FakeTelegram) -> tuple[list[float], list[float]]:
    """Messages a second of the bare server and of ours, round by round."""
    bare, accepted = [], []
    with database(kind) as (url, folder), bare_server(kind) as port:
        office = Office(url, folder, fake.base_url)
        office.web.start()
        try:
            office.wait_until_ready()
            # Alternating, so that whatever else the machine does falls on both alike.
            for _ in range(ROUNDS):
                bare.append(rate(port, "/bare", fake))
                accepted.append(rate(office.port, PATHS["telegram"], fake))
        finally:
            office.stop()
    return bare, accepted


def measure_memory(kind: str, count: int) -> None:
    """Resident memory of the receiving process over so many messages, in ten steps."""
    step, sizes = count // 10, []
    with FakeTelegram() as fake, database(kind) as (url, folder):
        office = Office(url, folder, fake.base_url)
        office.web.start()
        try:
            office.wait_until_ready()
            for _ in range(10):
                rate(office.port, PATHS["telegram"], fake, messages=step)
                sizes.append(round(resident_mib(office.web.pid), 1))
        finally:
            office.stop()
    print(json.dumps({"database": kind, "messages": 10 * step, "mib_after_each_tenth": sizes}))


def resident_mib(pid: int) -> float:
    """Resident memory of a process (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def rate(port: int, path: str, fake: FakeTelegram, *, messages: int = MESSAGES) -> float:
    """Messages accepted a second by so many connections at once."""
    bodies = [
        json.dumps(fake.text(str(10_000 + number), f"xin chào {number}")).encode()
        for number in range(messages)
    ]

    async def post() -> float:
        left = iter(bodies)

        async def line(client: httpx.AsyncClient) -> None:
            for body in left:
                answer = await client.post(path, content=body, headers=_HEADERS)
                assert answer.status_code == 200, answer.text

        limits = httpx.Limits(max_connections=CONNECTIONS, keepalive_expiry=_IDLE_SECONDS)
        address = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=address, limits=limits, trust_env=False) as client:
            await client.post(path, content=b"{}", headers={})  # opens what opens late
            started = time.perf_counter()
            await asyncio.gather(*(line(client) for _ in range(CONNECTIONS)))
            return messages / (time.perf_counter() - started)

    return asyncio.run(post())


async def steady(port: int, fake: FakeTelegram) -> list[tuple[float, int]]:
    """Seconds to answer, and status, of messages that come at an even pace whatever happens."""
    took: list[tuple[float, int]] = []

    async def one(client: httpx.AsyncClient, number: int) -> None:
        # A thousand people who write every now and then: nobody floods.
        update = fake.text(str(50_000 + number), f"xin chào {number}")
        started = time.perf_counter()
        answer = await client.post(
            PATHS["telegram"], content=json.dumps(update).encode(), headers=_HEADERS
        )
        took.append((time.perf_counter() - started, answer.status_code))

    address = f"http://127.0.0.1:{port}"
    limits = httpx.Limits(keepalive_expiry=_IDLE_SECONDS)
    async with httpx.AsyncClient(
        base_url=address, trust_env=False, timeout=30, limits=limits
    ) as client:
        started, tasks = time.perf_counter(), []
        for number in range(STEADY_SECONDS * STEADY_RATE):
            await asyncio.sleep(max(0.0, started + number / STEADY_RATE - time.perf_counter()))
            tasks.append(asyncio.create_task(one(client, number)))
        await asyncio.gather(*tasks)
    return took


# ---- the bare limit -------------------------------------------------------------------------


def serve_bare(url: str, port: int) -> None:
    """The same server doing nothing but a comparison, one insert and one commit."""
    store, app = Store(url), FastAPI()

    def keep(body: bytes) -> None:
        now = utc_now()
        with store.write() as tx:
            tx.execute(
                insert(inbox).values(
                    channel="bare", account="", event_id=os.urandom(12).hex(), received_at=now,
                    sender_fingerprint="", sent_at=now, payload_sealed=body, state="done",
                    attempts=0, due_at=now, last_error="",
                )
            )  # fmt: skip

    @app.post("/bare")
    async def bare(request: Request) -> Response:
        body = await request.body()
        given = request.headers.get("x-telegram-bot-api-secret-token", "")
        if not hmac.compare_digest(given, telegram.SECRET):
            return Response(status_code=403)
        await asyncio.to_thread(keep, body)
        return Response(status_code=200)

    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False)


@contextmanager
def bare_server(kind: str) -> Iterator[int]:
    """The bare server in a process and on a database of its own; its port."""
    with database(kind) as (url, _), tempfile.TemporaryDirectory() as folder:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = int(listener.getsockname()[1])
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.webhook", "--bare", url, str(port)],
                stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            while True:
                try:
                    httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
                    break
                except httpx.TransportError:
                    time.sleep(0.05)
            yield port
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
