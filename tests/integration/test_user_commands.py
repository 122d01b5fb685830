"""Accounts from the command line, for the first administrator and for emergencies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from admin.commands import register
from intake.errors import IntakeError

Run = Callable[..., Result]
PASSWORD = "một câu dài để thử"


@pytest.fixture
def run(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("TIEPDAN_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("TIEPDAN_DATA_DIR", str(tmp_path))
    group = click.Group()
    register(group)

    def call(*arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(group, ["user", *arguments], input=stdin)

    return call


def add(run: Run, username: str = "quantri", **changes: str) -> Result:
    options = {"name": "Quản Trị", "role": "administrator", "agency": "vlg-van-phong-ubnd"}
    given = [
        part for name, value in {**options, **changes}.items() for part in (f"--{name}", value)
    ]
    return run("add", username, *given, "--password-stdin", stdin=PASSWORD + "\n")


def test_an_account_is_opened_listed_and_closed(run: Run) -> None:
    assert add(run).output == "quantri is ready\n"
    assert run("list").output == ("quantri\tadministrator\tvlg-van-phong-ubnd\tQuản Trị\n")
    assert run("disable", "quantri").exit_code == 0
    assert "(disabled)" in run("list").output


def test_a_password_is_made_up_where_none_is_given(run: Run) -> None:
    add(run)
    told = run("password", "quantri").output
    assert told.startswith("quantri / ")
    assert len(told.split(" / ")[1].strip()) >= 12
    assert PASSWORD not in told


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"agency": "nowhere"}, "unknown-agency"), ({"name": "  "}, "invalid-input")],
)
def test_a_wrong_account_is_refused_by_name(run: Run, changes: dict[str, str], code: str) -> None:
    refused = add(run, **changes)
    assert isinstance(refused.exception, IntakeError)
    assert refused.exception.code == code
    assert run("list").output == ""


def test_a_short_password_opens_no_account(run: Run) -> None:
    refused = run(
        "add",
        "quantri",
        "--name",
        "Q",
        "--role",
        "administrator",
        "--agency",
        "vlg-van-phong-ubnd",
        "--password-stdin",
        stdin="ngắn\n",
    )
    assert isinstance(refused.exception, IntakeError)
    assert refused.exception.values["reason"] == "too_short"


def test_the_same_name_is_not_given_twice(run: Run) -> None:
    add(run)
    again = add(run)
    assert isinstance(again.exception, IntakeError)
    assert again.exception.values["reason"] == "taken"
