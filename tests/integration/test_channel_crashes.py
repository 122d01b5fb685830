"""A crash at every point of every step of the dialogue: one petition, nothing lost or doubled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bot import inbox_worker
from bot.inbox import InboxState
from bot.outbound import Outbound
from intake.errors import StorageAway
from intake.store.tables import inbox, messages, outbox, petitions
from tests.factories import BUS_LINE
from tests.fakes.platforms import Town, open_town

STEPS = (BUS_LINE, "Bỏ qua", "Gửi đơn")


class Crash(BaseException):
    """The process ends here, as far as the code under test can tell."""


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Iterator[Town]:
    with open_town(sqlite_url, tmp_path) as opened:
        yield opened


def once(patch: pytest.MonkeyPatch, owner: Any, name: str, *, before: bool, error: Any) -> None:
    """Let a function fail once: before it does anything, or after it did everything."""
    real, left = getattr(owner, name), [1]

    def failing(*given: Any, **named: Any) -> Any:
        if left and before:
            left.pop()
            raise error
        result = real(*given, **named)
        if left:
            left.pop()
            raise error
        return result

    patch.setattr(owner, name, failing)


Arm = Callable[[pytest.MonkeyPatch, Town], None]
POINTS: dict[str, Arm] = {
    "before the row is stored": lambda patch, town: once(
        patch, town.channels._receiver, "store_now", before=True, error=StorageAway()
    ),
    "after the row is stored, before the answer": lambda patch, town: once(
        patch, town.channels._receiver, "store_now", before=False, error=StorageAway()
    ),
    "after the row is leased": lambda patch, town: once(
        patch, inbox_worker, "lease", before=False, error=Crash()
    ),
    "in the turn, before its transaction": lambda patch, town: once(
        patch, inbox_worker, "take_turn", before=True, error=Crash()
    ),
    "in the turn, before the commit": lambda patch, town: once(
        patch, inbox_worker, "finish", before=False, error=Crash()
    ),
    "after the turn's commit": lambda patch, town: once(
        patch, inbox_worker, "take_turn", before=False, error=Crash()
    ),
    "after a reply is claimed": lambda patch, town: once(
        patch, Outbound, "_claim", before=False, error=Crash()
    ),
    "after a reply is sent, before it is noted": lambda patch, town: once(
        patch, town.outbounds[0]._channel, "send", before=False, error=Crash()
    ),
}


@pytest.mark.parametrize("step", range(len(STEPS)))
@pytest.mark.parametrize("point", POINTS)
def test_a_crash_at_any_point_of_any_step_changes_nothing_that_counts(
    town: Town, monkeypatch: pytest.MonkeyPatch, point: str, step: int
) -> None:
    crashes = 0
    for number, said in enumerate(STEPS):
        event = town.telegram.text("77", said)
        with monkeypatch.context() as patch:
            if number == step:
                POINTS[point](patch, town)
            while town.post("telegram", event) != 200:
                crashes += 1
            for _ in range(3):
                try:
                    town.work()
                except Crash:
                    crashes += 1
                town.clock.pass_by(seconds=60)  # whatever was leased runs out

    assert crashes == 1
    with town.office.store.read() as tx:
        filed = tx.execute(select(func.count()).select_from(petitions)).scalar_one()
        said_count = tx.execute(
            select(func.count()).select_from(messages).where(messages.c.direction == "in")
        ).scalar_one()
        rows = set(tx.execute(select(inbox.c.state)).scalars())
        replies = list(tx.execute(select(outbox.c.state)).scalars())
    assert (filed, said_count, rows) == (1, len(STEPS), {str(InboxState.DONE)})
    assert set(replies) <= {"sent", "uncertain"}
    assert replies.count("uncertain") <= 1
    texts = [sent.text for sent in town.telegram.sent]
    twice = {text for text in texts if texts.count(text) > 1}
    assert all("Mã đơn" in text for text in twice), "only a receipt may be said again"
