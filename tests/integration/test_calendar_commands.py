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
from intake.due import due_view
from intake.office import Office
from intake.petition import PetitionKind, Source
from intake.retention import kept_long_enough
from intake.store.petitions import get_petition
from tests.factories import NOW, TODAY, build_office, file, officer

Run = Callable[..., Result]
KN = PetitionKind.KN
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
    return lambda *arguments, **more: CliRunner().invoke(group, arguments, **more)


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


def test_a_year_is_entered_shown_and_taken_back_and_every_command_counts_by_it(
    office: Office, run: Run, tmp_path: Path
) -> None:
    assert run("workdays", "is", "2028-02-29").exit_code == 1  # nobody entered that year
    plan = tmp_path / "off.txt"
    plan.write_text("26/01 - 01/02 Tết Mậu Thân\n02/05 nghỉ hoán đổi\n", encoding="utf-8")
    done = run(
        "calendar", "enter", "2028", "--decision", "TB 9/TB-BNV", "--off-file", str(plan),
        "--off", "03/01 nghỉ bù", "--work", "06/05 làm bù cho ngày 02/05",
    )  # fmt: skip
    assert (done.exit_code, done.stdout) == (0, "")
    assert run("workdays", "is", "2028-02-29").stdout.startswith("yes ")
    assert "TB 9/TB-BNV" in run("workdays", "is", "2028-05-02").stdout
    assert run("workdays", "is", "2028-05-06").stdout.startswith("yes ")
    assert run("workdays", "add", "2028-02-28", "1").stdout == "2028-02-29\n"
    assert run("workdays", "add", "2027-12-31", "1").stdout == "2028-01-04\n"
    years = run("calendar", "years").stdout
    assert "2028 confirmed 8 special days" in years
    assert "2028-05-06 yes decided_on verified làm bù" in run("calendar", "show", "2028").stdout
    line = '{"id": 1, "kind": "KN", "events": [{"event": "accepted", "on": "2028-01-30"}]}'
    answered = run("deadlines", "--jsonl", input=line)
    assert '"due": "2028-02-29"' in answered.stdout
    assert run("calendar", "forget", "2028").exit_code == 0
    assert run("calendar", "show", "2028").exit_code == 1


def test_a_year_that_was_only_expected_is_confirmed_and_loses_its_mark(
    office: Office, run: Run
) -> None:
    petition = file(office, KN, source=Source.RECEPTION, signed_on=TODAY, instance=2)
    clerk = officer(office)
    found = actions.CheckedFile(decision_known_on=date(2026, 10, 20), first_decision_number="5/QĐ")
    with office.store.write() as tx:
        actions.reclassify(office, tx, clerk, petition.reference, kind=KN, remote=True, now=NOW)
        actions.accept(office, tx, clerk, petition.reference, file=found, now=NOW)

    def marks() -> str:
        with office.store.read() as tx:
            office.refresh_calendar(tx)
            view = due_view(office, tx, get_petition(tx, petition.reference), today=TODAY)
        return str([row.marks for row in view.deadlines if row.rule == "KN-R2-V"])

    assert "lịch nghỉ năm 2027 chưa được xác nhận" in marks()
    # 60 days after 3 November 2026 end on Saturday 2 January 2027, the term on Monday the 4th.
    moved = run("calendar", "enter", "2027", "--decision", "TB 1", "--off", "04/01 thử")
    assert f"{petition.reference}\tKN-R2-V\t2027-01-04 -> 2027-01-05" in moved.stdout
    assert "chưa được xác nhận" not in marks()
    again = run("calendar", "confirm", "2027", "--decision", "TB 1")
    assert again.exit_code == 1
    assert run("calendar", "forget", "2027").exit_code == 0
    assert "chưa được xác nhận" in marks()


@pytest.mark.parametrize(
    "arguments",
    [
        ("enter", "2030", "--decision", "x"),  # 2028 and 2029 are missing in between
        ("enter", "2028", "--decision", " "),
        ("enter", "2028", "--decision", "x", "--off", "mùng hai"),
        ("enter", "2028", "--decision", "x", "--off", "06/05", "--work", "06/05"),
        ("confirm", "2025", "--decision", "x"),
        ("confirm", "1999", "--decision", "x"),
        ("forget", "2026"),
    ],
)
def test_a_year_that_cannot_be_entered_is_refused_in_one_line(
    office: Office, run: Run, arguments: tuple[str, ...]
) -> None:
    refused = run("calendar", *arguments)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert len(refused.stderr.strip().splitlines()) == 1


def test_a_year_in_the_middle_cannot_be_forgotten(office: Office, run: Run) -> None:
    for year in ("2028", "2029"):
        assert run("calendar", "enter", year, "--decision", "x", "--unconfirmed").exit_code == 0
    assert run("calendar", "forget", "2028").exit_code == 1
    assert "2029 unconfirmed" in run("calendar", "years").stdout
    assert run("calendar", "forget", "2029").exit_code == 0


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
