"""The short form of each driver; the long ones run by command (see each module's first lines)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import burst, dbdown, fsync_before_ack, kill, outbound


def test_nothing_is_lost_or_doubled_when_processes_are_killed(
    sqlite_url: str, tmp_path: Path
) -> None:
    report = kill.run(
        kills=2, updates=40, dup=0.1, shuffle=0.2, seed=5, url=sqlite_url, folder=tmp_path
    )

    assert +report.faults == {}
    assert report.kills == 2
    assert report.replies + report.uncertain >= report.updates


def test_delivery_survives_a_bad_platform_and_a_killed_worker(
    sqlite_url: str, tmp_path: Path
) -> None:
    report = outbound.run(
        messages=30, recipients=10, kills=1, seed=5, url=sqlite_url, folder=tmp_path
    )

    assert +report.faults == {}
    assert report.injected.total() > 0


def test_eight_first_messages_at_once_make_one_conversation(
    database_url: str, tmp_path: Path
) -> None:
    assert +burst.run(trials=2, url=database_url, folder=tmp_path).faults == {}


def test_nothing_is_acknowledged_while_the_database_is_away(
    postgresql_url: str, tmp_path: Path
) -> None:
    report = dbdown.run(seconds=1, url=postgresql_url, folder=tmp_path)

    assert +report.faults == {}
    assert report.written > 1


def test_an_acknowledged_message_is_on_disk(sqlite_url: str, tmp_path: Path) -> None:
    if not fsync_before_ack.available():
        pytest.skip("NO STRACE: whether acknowledged means synced was not looked at")
    report = fsync_before_ack.run(acks=20, url=sqlite_url, folder=tmp_path)

    assert +report.faults == {}
    assert report.synced == 20


_WRITE = '7 pwrite64(5</d/tiepdan.sqlite3>, "x", 4096, 0) = 4096'
_SYNC = "7 fdatasync(5</d/tiepdan.sqlite3>) = 0"
_ANSWER = '7 sendto(9<socket:[1]>, "HTTP/1.1 200 OK"..., 90, 0, NULL, 0) = 90'


@pytest.mark.parametrize(
    ("trace", "fault"),
    [
        ([_WRITE, _ANSWER], "acknowledged before synced"),
        ([_SYNC, _WRITE, _ANSWER], "acknowledged before synced"),
        ([_ANSWER], "acknowledged without a write"),
        ([_WRITE, _SYNC], "acknowledgements not seen"),
    ],
)
def test_the_reader_of_traces_sees_an_acknowledgement_too_early(
    trace: list[str], fault: str
) -> None:
    assert fsync_before_ack.judged(trace, 1).faults[fault] == 1


def test_the_reader_of_traces_accepts_a_good_one() -> None:
    assert +fsync_before_ack.judged([_WRITE, _SYNC, _ANSWER], 1).faults == {}
