"""The short form of each driver; the long ones run by command (see each module's first lines)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import burst, dbdown, edits, fsync_before_ack, kill, outbound
from tests.chaos.edits import Edit, Stored


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


def test_officers_who_edit_at_once_overwrite_nothing(database_url: str, tmp_path: Path) -> None:
    report = edits.run(clients=4, edits=8, petitions=2, seed=5, url=database_url, folder=tmp_path)

    assert +report.faults == {}
    assert report.applied + report.refused == report.edits == 32


_TEXT, _ASSIGN = "information_added", "petition_assigned"
_SENT = [
    Edit("A", _TEXT, "1-1", 1, 2),
    Edit("A", _ASSIGN, "officer-02", 2, 3),
    Edit("A", _TEXT, "2-1", 1, None),
    Edit("A", _TEXT, "2-2", 3, 4),
]
_EVENTS = ((_TEXT, ""), (_ASSIGN, "officer-02"), (_TEXT, ""))
_GOOD = Stored(1, 4, ("1-1", "2-2"), "officer-02", _EVENTS)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"marks": ("2-2",)}, "silently overwritten"),
        ({"marks": ("1-1", "2-1", "2-2")}, "refused but written"),
        ({"marks": ("1-1", "1-1", "2-2")}, "written twice"),
        ({"marks": ("2-2", "1-1")}, "texts out of order"),
        ({"assigned_to": "officer-01"}, "assigned to another"),
        ({"version": 3}, "versions are not one for each edit"),
        ({"events": _EVENTS[:2]}, "audit differs from what was answered"),
    ],
)
def test_the_reader_of_edits_sees_what_was_lost(changed: dict[str, Any], fault: str) -> None:
    assert +edits.judged(_SENT, {"A": _GOOD}) == {}
    assert edits.judged(_SENT, {"A": replace(_GOOD, **changed)})[fault] == 1


def test_the_reader_of_edits_sees_two_on_one_version_and_a_run_without_collision() -> None:
    twice = [*_SENT, Edit("A", _TEXT, "3-1", 3, 4)]
    assert edits.judged(twice, {"A": _GOOD})["two edits led to one version"] == 1
    alone = [edit for edit in _SENT if edit.led_to is not None]
    assert edits.judged(alone, {"A": _GOOD})["nobody collided: the run proves nothing"] == 1


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
