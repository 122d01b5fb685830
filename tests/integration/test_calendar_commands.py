"""Calendar decisions and retention at the command line, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from intake import actions
from intake.commands import register
from intake.office import Office
from intake.retention import kept_long_enough
from intake.store.petitions import get_petition
from tests.factories import NOW, TODAY, build_office, file, officer

Run = Callable[..., Result]
DAY_OFF = "2026-11-09"  # a Monday within the ten working days of the first answer


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    built = build_office(database_url, tmp_path)
    with closing(built.store):
        yield built


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("TIEPDAN_DATABASE_URL", database_url)
    monkeypatch.setenv("TIEPDAN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TIEPDAN_PROVINCE", "vinh-long")
    group = click.Group()
    register(group)
    return lambda *arguments: CliRunner().invoke(group, arguments)


def test_a_day_off_moves_the_open_petitions_and_taking_it_back_moves_them_home(
    office: Office, run: Run
) -> None:
    petition = file(office)
    assert petition.next_due is not None
    later = (petition.next_due + timedelta(days=1)).isoformat()
    moved = f"{petition.reference}\t{petition.next_rule}\t{petition.next_due} -> {later}\n"
    done = run("calendar", "set", DAY_OFF, "off", "--reason", "nghỉ bù", "--decision", "1/QĐ")
    assert (done.exit_code, done.stdout) == (0, moved)
    with office.store.read() as tx:
        assert get_petition(tx, petition.reference).next_due == date.fromisoformat(later)
    assert f"{later} -> {petition.next_due}" in run("calendar", "unset", DAY_OFF).stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("set", DAY_OFF, "work", "--reason", "x", "--decision", "y"), 1),
        (("set", DAY_OFF, "off", "--reason", " ", "--decision", "y"), 1),
        (("set", "2050-01-03", "off", "--reason", "x", "--decision", "y"), 1),
        (("set", DAY_OFF, "off", "--reason", "x"), 2),
        (("set", "9/11", "off", "--reason", "x", "--decision", "y"), 2),
        (("unset", DAY_OFF), 1),
    ],
)
def test_a_decision_without_ground_or_effect_is_refused_in_one_line(
    run: Run, arguments: tuple[str, ...], code: int
) -> None:
    refused = run("calendar", *arguments)
    assert refused.exit_code == code
    assert "Traceback" not in refused.output


def test_what_was_archived_may_go_after_its_year_and_nothing_is_deleted(
    office: Office, run: Run
) -> None:
    kept, other = file(office), file(office)
    clerk = officer(office)
    with office.store.write() as tx:
        actions.reject(office, tx, clerk, kept.reference, ground="KNPA-UNCLEAR", now=NOW)
        actions.answer(office, tx, clerk, other.reference, actions.Answer("Xong."), now=NOW)
    anniversary = date(TODAY.year + 1, TODAY.month, TODAY.day)
    with office.store.read() as tx:
        assert kept_long_enough(office, tx, today=anniversary) == []
        (row,) = kept_long_enough(office, tx, today=anniversary + timedelta(days=1))
    assert (row.reference, row.rule, row.kept_until) == (
        kept.reference, "XLD-ARCHIVE", anniversary,
    )  # fmt: skip
    assert run("retention", "due").exit_code == 0
    with office.store.read() as tx:
        assert get_petition(tx, kept.reference).reference == kept.reference
