"""One writer at a time, in order of arrival, with a way past the queue for who must answer now.

A platform that waits two seconds for its answer must not stand behind everything the office has
to write anyway. So an urgent writer goes ahead of all that wait; but where both kinds wait they
take turns, so that a storm of calls can't stop the work behind them.
"""

from __future__ import annotations

import threading
from collections import deque


class Lane:
    """A lock that is handed on: first come, first served within each kind."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self._urgent: deque[threading.Event] = deque()
        self._ordinary: deque[threading.Event] = deque()
        self._last_was_urgent = False

    def enter(self, *, urgent: bool, patience: float) -> bool:
        """Wait for the lane; True when it is the caller's, who then must `leave`.

        Args:
            patience: seconds to wait at most.
        """
        queue = self._urgent if urgent else self._ordinary
        with self._lock:
            if not self._taken:
                self._taken, self._last_was_urgent = True, urgent
                return True
            turn = threading.Event()
            queue.append(turn)
        if turn.wait(patience):
            return True
        with self._lock:
            if turn.is_set():  # handed on in this very moment
                return True
            queue.remove(turn)
            return False

    def leave(self) -> None:
        """Hand the lane on."""
        with self._lock:
            urgent = bool(self._urgent) and not (self._last_was_urgent and self._ordinary)
            queue = self._urgent if urgent else self._ordinary
            if not queue:
                self._taken = False
                return
            self._last_was_urgent = urgent
            queue.popleft().set()
