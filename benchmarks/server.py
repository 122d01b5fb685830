"""The server: from the start of the process to the first 200 of `/readyz`, memory, officers' pages.

    python -m benchmarks.server

Starts the real program on a demonstration database several times. Prints one line of JSON; compare
the figures of one line with each other, not across machines.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlencode

import httpx

STARTS = 5
READS = 60
PROGRAM = Path(sys.executable).with_name("tiepdan")


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        first, _, process, _ = start(folder)  # migrates and loads the demonstration
        stop(process)
        seconds, memory = [], []
        for _ in range(STARTS):
            took, resident, process, address = start(folder)
            seconds.append(took)
            memory.append(resident)
            if len(seconds) < STARTS:
                stop(process)
        pages = officers_pages(address)
        stop(process)
    print(
        json.dumps(
            {
                "first_start_with_demonstration_s": round(first, 2),
                "ready_s": {"median": round(median(seconds), 2), "worst": round(max(seconds), 2)},
                "resident_mb": round(max(memory) / 1e6),
                "p95_ms": pages,
            }
        )
    )


def start(folder: str) -> tuple[float, int, subprocess.Popen[bytes], str]:
    """Seconds until ready, resident bytes, the process and its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "TIEPDAN_DATA_DIR": folder}
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(PROGRAM), "serve", "--demo", "--port", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while True:
        try:
            if httpx.get(f"{address}/readyz").status_code == 200:
                break
        except httpx.TransportError:
            if process.poll() is not None:
                sys.exit(f"the server ended with {process.returncode}")
            time.sleep(0.01)
    took = time.perf_counter() - started
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return took, pages * os.sysconf("SC_PAGE_SIZE"), process, address


def stop(process: subprocess.Popen[bytes]) -> None:
    """End it as Ctrl-C does."""
    process.send_signal(signal.SIGINT)
    process.wait(timeout=20)


def officers_pages(address: str) -> dict[str, float]:
    """The 95th percentile of some reads, in milliseconds."""
    with httpx.Client(base_url=address) as client:
        form = urlencode({"username": "xaydung", "password": "trinh-dien-2026"})
        answer = client.post(
            "/console/login",
            content=form,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert answer.status_code == 303
        first = client.get("/console/petitions").text.partition('href="/console/petitions/VLG')[2]
        petition = "/console/petitions/VLG" + first.partition('"')[0]
        return {
            "queue": p95(lambda: client.get("/console/petitions?tab=all")),
            "search": p95(lambda: client.get("/console/petitions?tab=all&q=xe+buyt")),
            "petition": p95(lambda: client.get(petition)),
            "readyz": p95(lambda: client.get("/readyz")),
        }


def p95(read: Callable[[], httpx.Response]) -> float:
    """The 95th percentile over `READS` requests."""
    took = []
    for _ in range(READS):
        started = time.perf_counter()
        assert read().status_code == 200
        took.append(time.perf_counter() - started)
    return round(quantiles(took, n=20)[-1] * 1000, 1)


if __name__ == "__main__":
    main()
