"""The legal clock at the command line: what goes in, what comes out, how it refuses."""

from __future__ import annotations

import json
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from intake.clock_commands import register
from intake.rules import Rules, rule_table


@pytest.fixture
def tiepdan() -> click.Group:
    """A bare command with the clock's part plugged in."""
    group = click.Group()
    register(group)
    return group


def ask(tiepdan: click.Group, *lines: object) -> tuple[Result, list[dict[str, Any]]]:
    """Give lines to `deadlines --jsonl`; texts go in as they are."""
    written = "\n".join(
        line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines
    )
    result = CliRunner().invoke(tiepdan, ["deadlines", "--jsonl"], input=written)
    return result, [json.loads(line) for line in result.stdout.splitlines()]


def petition(**changes: object) -> dict[str, object]:
    """A complaint received on a Friday before the new holiday."""
    return {
        "id": "a1", "kind": "KN", "instance": 1, "complex": False, "remote": False,
        "several_places": False, "own_competence": True, "as_of": "2026-11-21",
        "events": [{"event": "received", "on": "2026-11-13"}], **changes,
    }  # fmt: skip


def test_a_line_in_is_a_line_out_with_every_promised_key(tiepdan: click.Group) -> None:
    result, [answer] = ask(tiepdan, petition())
    assert result.exit_code == 0
    assert answer["id"] == "a1"
    promised = {"rule", "stage", "start", "nominal", "due", "state", "citation", "steps"}
    assert all(promised <= row.keys() for row in answer["deadlines"])
    acceptance = next(row for row in answer["deadlines"] if row["rule"] == "KN-ACC")
    assert (acceptance["start"], acceptance["due"]) == ("2026-11-13", "2026-11-23")
    assert acceptance["state"] == "running"
    assert len(acceptance["steps"]) >= 3


def test_what_is_left_out_takes_the_ordinary_value(tiepdan: click.Group) -> None:
    bare = {"id": 7, "kind": "KN", "events": [{"event": "accepted", "on": "2026-11-02"}]}
    result, [answer] = ask(tiepdan, bare)
    assert result.exit_code == 0
    assert answer["id"] == 7
    assert next(row["rule"] for row in answer["deadlines"]) == "KN-R1"


def test_keys_nobody_knows_change_nothing_and_the_order_of_events_neither(
    tiepdan: click.Group,
) -> None:
    events = [
        {"event": "resumed", "on": "2026-09-25"},
        {"event": "accepted", "on": "2026-09-01", "note": "x"},
        {"event": "suspended", "on": "2026-09-10"},
    ]
    shuffled = petition(kind="TC", events=events, colour="red", confirmed=True)
    plain = petition(kind="TC", events=sorted(events, key=lambda row: row["on"]))
    result, [first, second] = ask(tiepdan, shuffled, plain)
    assert result.exit_code == 0
    assert first["deadlines"] == second["deadlines"]
    assert first["deadlines"]


def test_an_hour_term_needs_the_time_of_the_meeting(tiepdan: click.Group) -> None:
    session = {"event": "online_session", "on": "2026-11-27", "at": "08:30"}
    _, [answer] = ask(tiepdan, petition(kind="KNPA", events=[session]))
    link = next(row for row in answer["deadlines"] if row["rule"] == "TCD-ONLINE-LINK")
    assert link["due_at"] == "07:30"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "no JSON"),
        ("[1]", "no JSON object"),
        ("\x00\ufffd", "no JSON"),
        (petition(kind="KNX"), "unknown kind"),
        (petition(kind=None), "unknown kind"),
        (petition(kind=["KN"]), "unknown kind"),
        (petition(instance=3), "instance"),
        (petition(instance=True), "instance"),
        (petition(complex="yes"), "complex must be"),
        (petition(events={"event": "received"}), "events must be a list"),
        (petition(events=["received"]), "must look like"),
        (petition(events=[{"event": 1, "on": "2026-11-13"}]), "must look like"),
        (petition(events=[{"event": "recieved", "on": "2026-11-13"}]), "unknown event 'recieved'"),
        (petition(events=[{"event": "received"}]), "on must be a date"),
        (petition(events=[{"event": "received", "on": "13/11/2026"}]), "on must be a date"),
        (petition(events=[{"event": "received", "on": "2026-02-30"}]), "on must be a date"),
        (petition(events=[{"event": "received", "on": "2026-W46-5"}]), "on must be a date"),
        (petition(events=[{"event": "received", "on": 20261113}]), "on must be a date"),
        (petition(events=[{"event": "received", "on": "2026-11-13", "at": "9"}]), "at must be"),
        (petition(events=[{"event": "received", "on": "2026-11-13", "at": 9}]), "at must be"),
        (petition(as_of="today"), "as_of must be a date"),
        (petition(facts=["rich"]), "facts must list"),
        (petition(facts="dismissal"), "facts must list"),
        (petition(facts=[["dismissal"]]), "facts must list"),
        (petition(events=[{"event": "received", "on": "9999-12-31"}]), "out of range"),
        (petition(events=[{"event": "accepted", "on": "0001-01-01"}]), "out of range"),
        (petition(events=[{"event": "accepted", "on": "2500-01-01"}]), "calendar"),
        ("[" * 100_000, "no JSON"),
        (
            petition(
                events=[
                    {"event": "received", "on": "2026-11-13"},
                    {"event": "accepted", "on": "2026-11-12"},
                ]
            ),
            "lies before",
        ),
        (petition(events=[{"event": "accepted", "on": "2027-12-20"}]), "calendar"),
    ],
)
def test_a_bad_line_is_answered_with_its_error_and_the_others_are_still_answered(
    tiepdan: click.Group, line: object, said: str
) -> None:
    result, [good, bad, last] = ask(tiepdan, petition(id=1), line, petition(id=3))
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert good["deadlines"] == last["deadlines"]
    assert said in bad["error"]
    assert "\n" not in bad["error"]
    assert bad["id"] == ("a1" if isinstance(line, dict) else None)


def test_half_a_surrogate_pair_in_an_id_is_handed_back(tiepdan: click.Group) -> None:
    result, [answer] = ask(tiepdan, '{"id": "\\ud800", "kind": "KN"}')
    assert result.exit_code == 0
    assert answer == {"id": "\ud800", "deadlines": []}


def test_empty_lines_and_no_lines_are_no_errors(tiepdan: click.Group) -> None:
    result, answers = ask(tiepdan, "", "   ", petition(events=[]))
    assert result.exit_code == 0
    assert answers == [{"id": "a1", "deadlines": []}]
    assert ask(tiepdan)[1] == []


def test_without_its_format_the_command_is_misused(tiepdan: click.Group) -> None:
    assert CliRunner().invoke(tiepdan, ["deadlines"]).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["add", "2026-11-14", "7"], "2026-11-25"),
        (["add", "2026-11-25", "-1"], "2026-11-23"),
        (["add", "2026-11-22", "0"], "2026-11-22"),
        (["add", "2024-03-01", "-1"], "2024-02-29"),
        (["add", "2026-01-12", "-7"], "2025-12-31"),
        (["add", "2026-02-23", "-1"], "2026-02-13"),
        (["is", "2026-11-24"], "no thứ Ba, ngày nghỉ lễ: Ngày Văn hóa Việt Nam"),
        (["is", "2026-11-25"], "yes ngày làm việc bình thường (thứ Tư)"),
    ],
)
def test_working_days_are_asked_in_iso_dates(
    tiepdan: click.Group, arguments: list[str], printed: str
) -> None:
    result = CliRunner().invoke(tiepdan, ["workdays", *arguments])
    assert result.exit_code == 0
    assert result.stdout.startswith(printed)
    assert result.stdout.count("\n") == 1


def test_a_count_into_an_unconfirmed_year_says_so_beside_the_date(tiepdan: click.Group) -> None:
    result = CliRunner().invoke(tiepdan, ["workdays", "add", "2026-12-30", "5"])
    assert result.stdout == "2027-01-07\n"
    assert "2027" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["workdays", "add", "2027-12-30", "9"], 1),
        (["workdays", "is", "2031-01-01"], 1),
        (["workdays", "add", "9999-12-31", "1"], 1),
        (["workdays", "add", "2024-01-02", "-1"], 1),
        (["workdays", "add", "2023-12-29", "0"], 1),
        (["workdays", "add", "2026-11-20", "1000000000000000000000"], 1),
        (["workdays", "is", "2026-02-29"], 2),
        (["calendar", "show", "2031"], 1),
        (["workdays", "is", "14/11/2026"], 2),
        (["workdays", "add", "2026-11-14", "many"], 2),
        (["workdays", "add", "2026-11-14"], 2),
    ],
)
def test_a_refusal_is_one_line_and_never_a_traceback(
    tiepdan: click.Group, arguments: list[str], exit_code: int
) -> None:
    result = CliRunner().invoke(tiepdan, arguments)
    assert result.exit_code == exit_code
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert "Error: " in result.stderr


def test_the_calendar_is_listed_with_its_decisions_and_its_gaps(tiepdan: click.Group) -> None:
    years = CliRunner().invoke(tiepdan, ["calendar", "years"]).stdout.splitlines()
    assert [line.split()[:2] for line in years] == [
        ["2024", "confirmed"],
        ["2025", "confirmed"],
        ["2026", "confirmed"],
        ["2027", "unconfirmed"],
    ]
    shown = CliRunner().invoke(tiepdan, ["calendar", "show", "2026"]).stdout
    assert "2026-08-22 yes swap_in unverified" in shown
    assert "Nghị quyết 28/2026/QH16" in shown
    assert "2026-11-23..2026-11-23 pending" in shown


def test_the_table_of_law_is_printed_whole(tiepdan: click.Group) -> None:
    assert CliRunner().invoke(tiepdan, ["law", "table"]).stdout == rule_table(Rules.load())


def test_the_calendar_commands_join_a_group_that_is_already_there() -> None:
    group = click.Group()

    @group.group("calendar")
    def existing() -> None:
        """Editing, from elsewhere."""

    register(group)
    assert {"show", "years"} <= existing.commands.keys()
