"""Tells waiting pages that something was written, across threads, within one process.

Other processes are heard by looking every few seconds; the bell only makes it sooner.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict

_Waiting = tuple[asyncio.AbstractEventLoop, asyncio.Event]


class Bell:
    """One bell for every key; `ring()` without a key rings them all."""

    def __init__(self) -> None:
        self.closed = False
        self._lock = threading.Lock()
        self._rung_for_all = 0
        self._rung: dict[str, int] = {}
        self._waiting: defaultdict[str, set[_Waiting]] = defaultdict(set)

    def ring(self, key: str | None = None) -> None:
        """Wake whoever waits for `key`; from any thread."""
        with self._lock:
            if key is None:
                self._rung_for_all += 1
                woken = [entry for entries in self._waiting.values() for entry in entries]
            else:
                woken = list(self._waiting.get(key, ()))
                if woken:
                    self._rung[key] = self._rung.get(key, 0) + 1
        for loop, event in woken:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    def heard(self, key: str) -> int:
        """How often it rang for `key` so far; give it to `wait`."""
        with self._lock:
            return self._rung_for_all + self._rung.get(key, 0)

    async def wait(self, key: str, heard: int, seconds: float) -> None:
        """Return when it rings again after `heard`, or after so many seconds."""
        entry = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            if self.closed or self._rung_for_all + self._rung.get(key, 0) != heard:
                return
            self._waiting[key].add(entry)
        try:
            async with asyncio.timeout(seconds):
                await entry[1].wait()
        except TimeoutError:
            pass
        finally:
            with self._lock:
                self._waiting[key].discard(entry)
                if not self._waiting[key]:
                    del self._waiting[key]
                    self._rung.pop(key, None)

    def close(self) -> None:
        """Send everybody home: the server stops."""
        self.closed = True
        self.ring()
