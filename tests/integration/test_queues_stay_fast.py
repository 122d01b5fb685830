"""The queues' questions are answered from an index in its order, however long a queue is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ClauseElement, Executable, Select, text
from sqlalchemy.ext.compiler import compiles

from bot.inbox import InboxState, _leasable
from intake.store import Store
from tests.fakes.platforms import CHANNELS, Town, open_town


@pytest.fixture
def town(database_url: str, tmp_path: Path) -> Iterator[Town]:
    with open_town(database_url, tmp_path) as opened:
        yield opened


class Explain(Executable, ClauseElement):
    """A statement that says how another would be answered."""

    inherit_cache = False

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement


@compiles(Explain)
def _explain(element: Explain, compiler: Any, **named: Any) -> str:
    words = "EXPLAIN QUERY PLAN " if compiler.dialect.name == "sqlite" else "EXPLAIN "
    return words + str(compiler.process(element.statement, **named))


def plan(store: Store, query: Select[Any]) -> str:
    """How the database would answer, as it says itself, knowing nothing of what is stored."""
    with store.read() as tx:
        if not store.is_sqlite:
            # An empty table is read from end to end whatever its indexes are.
            tx.execute(text("SET LOCAL enable_seqscan = off"))
        return "\n".join(str(row[-1]) for row in tx.execute(Explain(query.limit(1))))


def sorts(said: str) -> bool:
    return "Sort" in said or "TEMP B-TREE" in said


@pytest.mark.parametrize("number", range(len(CHANNELS)), ids=CHANNELS)
def test_the_next_message_to_send_is_found_without_sorting_the_queue(
    town: Town, number: int
) -> None:
    sender, now = town.outbounds[number], town.clock.now
    for query in (*sender._due_replies(now), *sender._due_notices(now)):
        said = plan(town.office.store, query)
        assert not sorts(said), said


@pytest.mark.parametrize("number", range(len(CHANNELS)), ids=CHANNELS)
def test_what_waits_before_a_message_is_asked_by_its_conversation(town: Town, number: int) -> None:
    sender, now = town.outbounds[number], town.clock.now
    for query in (*sender._due_replies(now), *sender._due_notices(now)):
        said = plan(town.office.store, query)
        assert "ix_outbox_conversation" in said, said
        assert "Bitmap" not in said, said


@pytest.mark.parametrize("lane", [InboxState.READY, InboxState.MEDIA])
def test_the_next_message_to_work_on_is_found_without_sorting_the_queue(
    town: Town, lane: InboxState
) -> None:
    said = plan(town.office.store, _leasable(lane, town.clock.now))

    assert not sorts(said), said
    assert "ix_inbox_sender" in said, said
