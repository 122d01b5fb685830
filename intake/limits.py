"""Limits on how often something may be tried, kept in the database and equal for all workers.

One row a bucket (generic cell rate algorithm): constant work however much was tried before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from intake.errors import TooMany
from intake.store.engine import Store, Transaction
from intake.store.tables import rate_buckets


@dataclass(frozen=True)
class Limit:
    """At most `count` in `period` (in a burst or spread out)."""

    count: int
    period: timedelta


def spend(store: Store, tx: Transaction, bucket: str, limit: Limit, *, now: datetime) -> None:
    """Count one attempt in `bucket`, or refuse it.

    Raises:
        TooMany: the bucket is empty; `retry_after` in whole seconds.
    """
    build = sqlite_insert if store.is_sqlite else postgresql_insert
    tx.execute(build(rate_buckets).values(bucket=bucket, next_at=now).on_conflict_do_nothing())
    next_at: datetime = tx.execute(
        select(rate_buckets.c.next_at).where(rate_buckets.c.bucket == bucket).with_for_update()
    ).scalar_one()
    step = limit.period / limit.count
    start = max(next_at, now)
    if start + step > now + limit.period:
        wait = start + step - now - limit.period
        raise TooMany(retry_after=int(wait.total_seconds()) + 1)
    tx.execute(
        update(rate_buckets).where(rate_buckets.c.bucket == bucket).values(next_at=start + step)
    )
