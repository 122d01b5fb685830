"""The second factor as officers meet it: setting up, signing in, losing the telephone."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from admin.commands import user
from admin.guard import PLAIN_COOKIE
from intake.accounts import Purpose, get_officer
from intake.errors import SetupRefused
from intake.second_factor import (
    RECOVERY_CODES,
    begin_second_factor,
    confirm_second_factor,
    second_factor_of,
)
from intake.settings import load_settings
from intake.store.tables import rate_buckets, second_factors, timeline
from intake.totp import STEP, hotp, step_at
from tests.integration.test_console import text_of
from tests.web import PASSWORD, Web, opened_web

PAGE = "/console/account/second-factor"


@pytest.fixture
def web(sqlite_url: str, tmp_path: Path) -> Iterator[Web]:
    with opened_web(sqlite_url, tmp_path) as opened:
        yield opened


def enrolled(web: Web, username: str = "clerk") -> tuple[bytes, tuple[str, ...]]:
    """The officer has a second factor: its secret and recovery codes. Its first code is spent."""
    with web.office.store.write() as tx:
        officer = get_officer(tx, username)
        secret = begin_second_factor(web.office, tx, officer)
        code = hotp(secret, step_at(web.now))
        codes = confirm_second_factor(web.office, tx, officer, code, now=web.now)
    assert len(codes) == RECOVERY_CODES
    web.now += STEP
    return secret, codes


def code_now(web: Web, secret: bytes) -> str:
    return hotp(secret, step_at(web.now))


def wrong_code(web: Web, secret: bytes) -> str:
    around = {hotp(secret, step_at(web.now) + off) for off in (-1, 0, 1)}
    return next(code for code in ("000000", "000001", "000002", "000003") if code not in around)


def cookie_of(answer: Any) -> dict[str, str]:
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


def typed_password(web: Web, username: str = "clerk") -> Any:
    return web.client().post(
        "/console/login",
        data={"username": username, "password": PASSWORD, "next": "/console/petitions?tab=mine"},
    )


def typed_code(web: Web, waiting: dict[str, str], otp: str) -> Any:
    return web.client().post(
        "/console/login/code", waiting, data={"otp": otp, "next": "/console/petitions?tab=mine"}
    )


def signs_in(web: Web, otp: str) -> bool:
    """Whether password and this code open the console."""
    return bool(typed_code(web, cookie_of(typed_password(web)), otp).status_code == 303)


def rested(web: Web) -> None:
    """The limits on tries are as new: what is tested is something else."""
    with web.office.store.write() as tx:
        tx.execute(update(rate_buckets).values(next_at=web.now - timedelta(days=1)))


# ---- setting up -----------------------------------------------------------------------------


def test_an_officer_sets_it_up_and_signs_in_with_it(database_url: str, tmp_path: Path) -> None:
    with opened_web(database_url, tmp_path) as web:
        clerk, other = web.console("clerk"), web.console("clerk")
        assert "chưa bật" in text_of(clerk.get(PAGE))
        refused = clerk.send(PAGE, current_password="sai")
        assert refused.status_code == 401
        assert "data:image/svg+xml" not in refused.text

        shown = clerk.send(PAGE, current_password=PASSWORD)
        assert "data:image/svg+xml" in shown.text
        typed = re.search(r'<code class="wrap">([A-Z2-7 ]+)</code>', shown.text)
        assert typed
        secret = base64.b32decode(typed.group(1).replace(" ", ""))
        again = clerk.send(f"{PAGE}/confirm", otp=wrong_code(web, secret))
        assert again.status_code == 401
        assert typed.group(1) in again.text
        assert typed_password(web).headers["location"] == "/console/petitions?tab=mine"

        done = clerk.send(f"{PAGE}/confirm", otp=code_now(web, secret))
        codes = re.findall(r"<li><code>([2-9A-Z]{5}-[2-9A-Z]{5})</code>", done.text)
        assert len(set(codes)) == RECOVERY_CODES
        assert clerk.get("/console/account").status_code == 200
        assert other.get("/console/account").status_code == 303  # other sessions are over

        web.now += STEP
        asked = typed_password(web)
        assert asked.headers["location"] == (
            "/console/login/code?next=/console/petitions%3Ftab%3Dmine"
        )
        waiting = cookie_of(asked)
        # The session that waits opens nothing.
        assert web.client().get("/console/petitions", waiting).status_code == 303
        wrong = typed_code(web, waiting, wrong_code(web, secret))
        assert wrong.status_code == 401
        assert "Mã không đúng" in text_of(wrong)
        code = code_now(web, secret)
        inside = typed_code(web, waiting, code)
        assert inside.headers["location"] == "/console/petitions?tab=mine"
        assert web.client().get("/console/petitions", cookie_of(inside)).status_code == 200
        assert web.client().get("/console/petitions", waiting).status_code == 303
        assert typed_code(web, waiting, code).headers["location"] == "/console/login"
        assert not signs_in(web, code), "a code somebody looked over is worth nothing"
        web.now += STEP
        assert signs_in(web, codes[0].lower()), "a recovery code, however it is typed"
        assert not signs_in(web, codes[0])
        assert signs_in(web, code_now(web, secret))


def test_the_secret_is_sealed_and_recovery_codes_are_stored_as_digests(web: Web) -> None:
    secret, codes = enrolled(web)
    with web.office.store.read() as tx:
        row = tx.execute(select(second_factors)).one()
        entries = " ".join(str(each.values) for each in tx.execute(select(timeline)))
    assert secret not in row.secret_sealed
    assert secret.hex().encode() not in row.secret_sealed
    for code in codes:
        assert code not in str(row.recovery)
        assert code not in entries


def test_a_code_half_typed_in_ends_after_five_minutes(web: Web) -> None:
    secret, _ = enrolled(web)
    waiting = cookie_of(typed_password(web))
    web.now += timedelta(minutes=5)
    assert typed_code(web, waiting, code_now(web, secret)).headers["location"] == "/console/login"


def test_guessing_codes_is_slowed_down_and_never_locks_out(web: Web) -> None:
    secret, _ = enrolled(web)
    rested(web)
    waiting = cookie_of(typed_password(web))
    answers = [typed_code(web, waiting, wrong_code(web, secret)).status_code for _ in range(6)]
    assert answers == [401] * 5 + [429]
    assert typed_code(web, waiting, code_now(web, secret)).status_code == 429
    refused, tried = 0, 0
    while refused < 10:
        web.now += timedelta(minutes=1)
        waiting = cookie_of(typed_password(web))
        for _ in range(3):
            tried += 1
            refused += typed_code(web, waiting, wrong_code(web, secret)).status_code == 429
        assert tried < 200
    assert tried - refused < 30, "an hour's limit holds besides the minute's"
    web.now += timedelta(hours=1)
    assert signs_in(web, code_now(web, secret))


def test_recovery_codes_are_renewed_and_it_is_turned_off_with_a_code(web: Web) -> None:
    secret, old = enrolled(web)
    clerk = web.console("clerk")
    assert clerk.send(f"{PAGE}/recovery", otp=wrong_code(web, secret)).status_code == 401
    shown = clerk.send(f"{PAGE}/recovery", otp=old[0])
    new = re.findall(r"<li><code>([2-9A-Z]{5}-[2-9A-Z]{5})</code>", shown.text)
    assert len(new) == RECOVERY_CODES
    assert not signs_in(web, old[1])
    rested(web)
    assert clerk.send(f"{PAGE}/off", current_password="sai", otp=new[0]).status_code == 401
    assert clerk.send(f"{PAGE}/off", current_password=PASSWORD, otp="000").status_code == 401
    done = clerk.send(f"{PAGE}/off", current_password=PASSWORD, otp=code_now(web, secret))
    assert done.status_code == 303
    assert typed_password(web).headers["location"] == "/console/petitions?tab=mine"


# ---- programs -------------------------------------------------------------------------------


def test_a_program_sends_the_code_with_the_password(web: Web) -> None:
    secret, codes = enrolled(web)

    def token(**fields: str) -> Any:
        data = {"username": "clerk", "password": PASSWORD, **fields}
        return web.client().post("/api/v1/auth/token", data=data)

    assert token().json()["type"] == "urn:tiepdan:problem:second-factor-needed"
    wrong = token(otp=wrong_code(web, secret))
    assert (wrong.status_code, wrong.json()["type"].rpartition(":")[2]) == (401, "wrong-code")
    unknown = web.client().post(
        "/api/v1/auth/token", data={"username": "clerk", "password": "sai", "otp": "1"}
    )
    assert unknown.json()["type"].endswith("bad-credentials")
    given = token(otp=code_now(web, secret)).json()["access_token"]
    me = web.client().get("/api/v1/me", {"Authorization": f"Bearer {given}"})
    assert me.status_code == 200
    rested(web)
    assert token(otp=codes[3]).status_code == 200


# ---- required by role -----------------------------------------------------------------------


def test_a_role_that_must_have_it_can_do_nothing_before(sqlite_url: str, tmp_path: Path) -> None:
    with opened_web(sqlite_url, tmp_path, totp_required="head, administrator") as web:
        head, clerk = web.console("head"), web.console("clerk")
        assert clerk.get("/console/petitions").status_code == 200
        for path in ("/console/overview", "/console/petitions", "/console/account"):
            assert head.get(path).headers["location"] == PAGE
        refused = head.send("/console/account", current_password=PASSWORD, password="x" * 20)
        assert refused.status_code == 403
        assert 'data-problem="second-factor-due"' in refused.text
        assert "phải bật xác thực hai bước" in text_of(head.get(PAGE))
        api = web.api("head").get("/api/v1/petitions")
        assert (api.status_code, api.json()["type"].rpartition(":")[2]) == (
            403,
            "second-factor-due",
        )
        key = web.token("head", Purpose.KEY)
        assert web.client().get("/api/v1/me", {"X-API-Key": key}).status_code == 200
        assert head.send("/console/logout").status_code == 303
        enrolled(web, "head")
        assert web.console("head").get("/console/overview").status_code == 200


def test_an_unknown_role_in_the_setting_stops_the_start() -> None:
    with pytest.raises(SetupRefused, match="TIEPDAN_TOTP_REQUIRED"):
        load_settings({"TIEPDAN_TOTP_REQUIRED": "head,boss"})


# ---- losing it ------------------------------------------------------------------------------


def test_an_operator_resets_it_by_command(
    web: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    enrolled(web)
    clerk = web.console("clerk")
    monkeypatch.setenv("TIEPDAN_DATABASE_URL", str(web.office.settings.database_url))
    monkeypatch.setenv("TIEPDAN_DATA_DIR", str(tmp_path))
    done = CliRunner().invoke(user, ["totp-reset", "clerk"])
    assert done.output == "clerk: the second factor is removed\n"
    assert clerk.get("/console/account").status_code == 303
    assert typed_password(web).headers["location"] == "/console/petitions?tab=mine"
    again = CliRunner().invoke(user, ["totp-reset", "clerk"])
    assert again.output == "clerk: there was no second factor\n"


def test_an_administrator_resets_it_in_the_console(web: Web) -> None:
    enrolled(web)
    clerk, admin = web.console("clerk"), web.console("admin")
    assert "Đang bật từ" in text_of(admin.get("/console/officers/clerk"))
    assert admin.send("/console/officers/clerk/second-factor").status_code == 303
    assert clerk.get("/console/account").status_code == 303
    with web.office.store.read() as tx:
        assert second_factor_of(tx, get_officer(tx, "clerk").id) is None
        events = [row.event for row in tx.execute(select(timeline))]
    assert events[-2:] == ["second_factor_set", "second_factor_removed"]


def test_a_session_cookie_of_the_console_is_no_waiting_sign_in(web: Web) -> None:
    secret, _ = enrolled(web)
    cookie = {"Cookie": f"{PLAIN_COOKIE}={web.token('clerk', Purpose.CONSOLE)}"}
    answer = typed_code(web, cookie, code_now(web, secret))
    assert answer.headers["location"] == "/console/login"
