from __future__ import annotations

import threading
import time
from collections.abc import Callable

from intake.store.lane import Lane


def _queued(lane: Lane) -> int:
    return len(lane._urgent) + len(lane._ordinary)


def _order(lane: Lane, *comers: tuple[str, bool]) -> list[str]:
    """Who gets a lane that is taken while they all come, one after the other."""
    served: list[str] = []

    def come(name: str, urgent: bool) -> Callable[[], None]:
        def work() -> None:
            assert lane.enter(urgent=urgent, patience=30)
            served.append(name)
            lane.leave()

        return work

    assert lane.enter(urgent=False, patience=0)
    threads = []
    for count, (name, urgent) in enumerate(comers, start=1):
        thread = threading.Thread(target=come(name, urgent))
        thread.start()
        threads.append(thread)
        while _queued(lane) < count:
            time.sleep(0.001)
    lane.leave()
    for thread in threads:
        thread.join()
    return served


def test_writers_are_served_in_the_order_they_came() -> None:
    comers = [(str(number), False) for number in range(5)]

    assert _order(Lane(), *comers) == ["0", "1", "2", "3", "4"]


def test_who_is_urgent_goes_ahead() -> None:
    assert _order(Lane(), ("work", False), ("webhook", True)) == ["webhook", "work"]


def test_a_storm_of_urgent_writers_and_the_work_behind_them_take_turns() -> None:
    storm = [(f"webhook {number}", True) for number in range(3)]

    served = _order(Lane(), ("work 0", False), ("work 1", False), *storm)

    assert served == ["webhook 0", "work 0", "webhook 1", "work 1", "webhook 2"]


def test_who_loses_patience_takes_nobodys_turn() -> None:
    lane = Lane()
    assert lane.enter(urgent=False, patience=0)

    assert not lane.enter(urgent=True, patience=0.01)

    lane.leave()
    assert lane.enter(urgent=False, patience=0)
