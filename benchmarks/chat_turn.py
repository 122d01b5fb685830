"""One chat turn over HTTP, to the durable commit, with ten citizens talking at once on SQLite.

    python -m benchmarks.chat_turn [--citizens 10] [--dialogues 12] [--pause 1.0]

Starts the real server in a process of its own on a fresh database. Each citizen tells a story,
answers what is asked, confirms, reads the receipt and looks the petition up, with a pause (seconds,
half to one and a half times the figure) between messages as people have; `--pause 0` talks without
one and shows the throughput instead. Prints one line of JSON: milliseconds a turn, and beside them
a bare insert and commit on the same disk in the same run, since a figure alone says little.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median, quantiles

import httpx

PROGRAM = Path(sys.executable).with_name("tiepdan")
STORIES = (
    "ba con ap toi can mo tuyen xe buyt ra thanh pho, nho so giao thong xem giup",
    "Đường vào ấp 5 xã Long Hữu hư nặng quá, xe không qua được",
    "Rác ở chợ xã Càng Long ba ngày nay không ai gom, hôi thối lắm",
    "truong thu tien quy lop qua nhieu, de nghi xem lai giup",
    "Đèn đường hư ở gần chợ, tối thui, dễ tai nạn",
    "nuoc may xa Long Huu duc ngau ca tuan nay, ba con khong dam xai",
)
ANSWERS = {"ask.route": "để cán bộ chọn giúp", "ask.which_place": "1", "ask.duplicate": "việc khác"}
CONFIRM, LOOK_UP = "gửi", "tra cứu"
_MOST_TURNS = 8


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--citizens", type=int, default=10)
    parser.add_argument("--dialogues", type=int, default=12)
    parser.add_argument("--pause", type=float, default=1.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        process, address = _start(folder)
        try:
            _talk(address, 1, 0.0, [], [])
            turns: list[float] = []
            filed: list[str] = []
            began = time.perf_counter()
            threads = [
                threading.Thread(
                    target=_talk, args=(address, given.dialogues, given.pause, turns, filed)
                )
                for _ in range(given.citizens)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            took = time.perf_counter() - began
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
        bare = _bare_commits(Path(folder))
    cut, bare_cut = quantiles(turns, n=100), quantiles(bare, n=100)
    print(
        json.dumps(
            {
                "citizens": given.citizens,
                "pause_seconds": given.pause,
                "turns": len(turns),
                "petitions": len(filed),
                "turns_per_second": round(len(turns) / took, 1),
                "turn_ms": {"p50": _ms(median(turns)), "p95": _ms(cut[94]), "p99": _ms(cut[98])},
                "bare_commit_ms": {"p50": _ms(median(bare)), "p95": _ms(bare_cut[94])},
            }
        )
    )


def _talk(address: str, dialogues: int, pause: float, turns: list[float], filed: list[str]) -> None:
    with httpx.Client(base_url=address, timeout=30) as client:
        for number in range(dialogues):
            path = f"/api/v1/chat/{secrets.token_urlsafe(18)}/messages"
            text = STORIES[number % len(STORIES)]
            for _ in range(_MOST_TURNS):
                if pause:
                    time.sleep(random.uniform(0.5, 1.5) * pause)
                body = {"text": text, "client_message_id": secrets.token_hex(8)}
                start = time.perf_counter()
                answer = client.post(path, json=body)
                turns.append(time.perf_counter() - start)
                answer.raise_for_status()
                last = answer.json()["replies"][-1]["topic"]
                if last == "status.all":
                    break
                if last.startswith("receipt."):
                    filed.append(path)
                text = _next(last)


def _next(topic: str) -> str:
    if topic.startswith("receipt."):
        return LOOK_UP
    return CONFIRM if topic == "summary.all" else ANSWERS.get(topic, "bỏ qua")


def _start(folder: str) -> tuple[subprocess.Popen[bytes], str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environment = {**os.environ, "TIEPDAN_DATA_DIR": folder, "TIEPDAN_LOG_LEVEL": "WARNING"}
    environment.pop("TIEPDAN_DATABASE_URL", None)
    upgrade = [str(PROGRAM), "db", "upgrade"]
    subprocess.run(upgrade, env=environment, check=True, capture_output=True)
    process = subprocess.Popen(
        [str(PROGRAM), "serve", "--port", str(port)], env=environment, stdout=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            if httpx.get(f"{address}/readyz").status_code == 200:
                return process, address
        except httpx.TransportError:
            time.sleep(0.05)
    process.kill()
    raise SystemExit("the server did not become ready")


def _bare_commits(folder: Path) -> list[float]:
    """One insert and durable commit, as SQLite alone does it with the same settings."""
    with sqlite3.connect(folder / "tiepdan.sqlite3") as ours:
        journal = ours.execute("PRAGMA journal_mode").fetchone()[0]
    connection = sqlite3.connect(folder / "bare.sqlite3", isolation_level=None)
    connection.execute(f"PRAGMA journal_mode={journal}")
    connection.execute(f"PRAGMA synchronous={'FULL' if journal == 'wal' else 'EXTRA'}")
    connection.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, content BLOB)")
    seconds = []
    for _ in range(300):
        start = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO bare (content) VALUES (?)", (secrets.token_bytes(500),))
        connection.execute("COMMIT")
        seconds.append(time.perf_counter() - start)
    connection.close()
    return seconds


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)


if __name__ == "__main__":
    main()
