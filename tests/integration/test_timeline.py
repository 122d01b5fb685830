"""The timeline's chain notices every change made behind the program's back."""

import threading
from contextlib import closing
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, func, insert, select, update

from intake.officers import SYSTEM
from intake.store import Store
from intake.store.tables import timeline
from intake.timeline import FIRST_HASH, record, verify

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


@pytest.fixture
def store(database_url):
    with closing(Store(database_url)) as opened:
        yield opened


def write_entries(store, count, label="e"):
    for number in range(count):
        with store.write() as tx:
            record(
                store,
                tx,
                petition_id=None,
                event=f"{label}{number}",
                actor=SYSTEM,
                now=NOW,
                values={"day": "2026-11-21", "n": number},
            )


def test_an_untouched_chain_verifies_to_its_head(store):
    with store.read() as tx:
        assert verify(tx).head == FIRST_HASH
    write_entries(store, 5)
    with store.read() as tx:
        report = verify(tx)
        head = tx.execute(select(timeline.c.hash).order_by(timeline.c.id.desc()).limit(1)).scalar()
    assert (report.entries, report.broken_at, report.head) == (5, None, head)


def tamper_text(tx, ids):
    tx.execute(update(timeline).where(timeline.c.id == ids[2]).values(event="forged"))


def tamper_values(tx, ids):
    tx.execute(update(timeline).where(timeline.c.id == ids[2]).values(values={"n": 9}))


def tamper_date(tx, ids):
    tx.execute(
        update(timeline).where(timeline.c.id == ids[2]).values(at=datetime(2026, 1, 1, tzinfo=UTC))
    )


def tamper_delete(tx, ids):
    tx.execute(delete(timeline).where(timeline.c.id == ids[2]))


def tamper_swap(tx, ids):
    for one, event in ((ids[1], "e2"), (ids[2], "e1")):
        tx.execute(update(timeline).where(timeline.c.id == one).values(event=event))


def tamper_insert(tx, ids):
    tx.execute(
        insert(timeline).values(
            petition_id=None,
            at=NOW,
            event="extra",
            actor_role="system",
            actor="",
            audience="officers",
            values={},
            previous_hash=FIRST_HASH,
            hash="0" * 64,
        )
    )


@pytest.mark.parametrize(
    "tamper",
    [tamper_text, tamper_values, tamper_date, tamper_delete, tamper_swap, tamper_insert],
)
def test_tampering_is_noticed(store, tamper):
    write_entries(store, 5)
    with store.write() as tx:
        ids = list(tx.execute(select(timeline.c.id).order_by(timeline.c.id)).scalars())
        tamper(tx, ids)
    with store.read() as tx:
        assert verify(tx).broken_at is not None


def test_a_rolled_back_change_leaves_no_trace(store):
    def fail_after_recording():
        with store.write() as tx:
            record(store, tx, petition_id=None, event="e", actor=SYSTEM, now=NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_recording()
    with store.read() as tx:
        assert tx.execute(select(func.count()).select_from(timeline)).scalar() == 0


def test_writers_at_once_never_fork_the_chain(store):
    threads = [
        threading.Thread(target=write_entries, args=(store, 20, f"t{number}-"))
        for number in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as tx:
        report = verify(tx)
    assert (report.entries, report.broken_at) == (120, None)
