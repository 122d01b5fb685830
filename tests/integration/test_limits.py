"""Limits hold for all workers together, and open again with time."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from intake.errors import TooMany
from intake.limits import Limit, spend
from intake.store import Store

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
FIVE_AN_HOUR = Limit(5, timedelta(hours=1))


def test_the_sixth_attempt_in_an_hour_is_refused_with_the_time_to_wait(database_url):
    with closing(Store(database_url)) as store, store.write() as tx:
        for _ in range(5):
            spend(store, tx, "case:1", FIVE_AN_HOUR, now=NOW)
        with pytest.raises(TooMany) as refused:
            spend(store, tx, "case:1", FIVE_AN_HOUR, now=NOW)
        assert 0 < refused.value.values["retry_after"] <= 721
        spend(store, tx, "case:2", FIVE_AN_HOUR, now=NOW)


def test_attempts_come_back_one_by_one(database_url):
    with closing(Store(database_url)) as store, store.write() as tx:
        for _ in range(5):
            spend(store, tx, "case:1", FIVE_AN_HOUR, now=NOW)
        later = NOW + timedelta(minutes=12)
        spend(store, tx, "case:1", FIVE_AN_HOUR, now=later)
        with pytest.raises(TooMany):
            spend(store, tx, "case:1", FIVE_AN_HOUR, now=later)
