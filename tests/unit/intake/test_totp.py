"""One-time passwords against the vectors of RFC 4226 (appendix D) and RFC 6238 (appendix B)."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from intake.totp import STEP, app_address, hotp, matching_step, new_secret, step_at, typed_secret

SHA1 = b"12345678901234567890"
SHA256 = b"12345678901234567890123456789012"
SHA512 = b"1234567890123456789012345678901234567890123456789012345678901234"
NOW = datetime(2026, 11, 21, 2, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("counter", "expected"),
    list(
        enumerate("755224 287082 359152 969429 338314 254676 287922 162583 399871 520489".split())
    ),
)
def test_hotp_gives_the_values_of_rfc_4226(counter: int, expected: str) -> None:
    assert hotp(SHA1, counter) == expected


@pytest.mark.parametrize(
    ("seconds", "sha1", "sha256", "sha512"),
    [
        (59, "94287082", "46119246", "90693936"),
        (1111111109, "07081804", "68084774", "25091201"),
        (1111111111, "14050471", "67062674", "99943326"),
        (1234567890, "89005924", "91819424", "93441116"),
        (2000000000, "69279037", "90698825", "38618901"),
        (20000000000, "65353130", "77737706", "47863826"),
    ],
)
def test_totp_gives_the_values_of_rfc_6238(
    seconds: int, sha1: str, sha256: str, sha512: str
) -> None:
    step = step_at(datetime.fromtimestamp(seconds, UTC))
    assert step == seconds // 30
    for secret, digest, expected in (
        (SHA1, "sha1", sha1),
        (SHA256, "sha256", sha256),
        (SHA512, "sha512", sha512),
    ):
        assert hotp(secret, step, digits=8, digest=digest) == expected


@pytest.mark.parametrize(
    ("off", "accepted"),
    [(-2, False), (-1, True), (0, True), (1, True), (2, False)],
)
def test_a_clock_may_be_half_a_minute_off_and_no_more(off: int, accepted: bool) -> None:
    code = hotp(SHA1, step_at(NOW) + off)
    found = matching_step(SHA1, code, now=NOW, after=0)
    assert found == (step_at(NOW) + off if accepted else None)


def test_a_code_is_used_up_with_all_before_it() -> None:
    present = step_at(NOW)
    for step in (present - 1, present):
        assert matching_step(SHA1, hotp(SHA1, step), now=NOW, after=present) is None
    later = hotp(SHA1, present + 1)
    assert matching_step(SHA1, later, now=NOW + STEP, after=present) == present + 1


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "mã số", "\ud800", "００００００"])
def test_what_is_no_code_is_refused(typed: str) -> None:
    assert matching_step(SHA1, typed, now=NOW, after=0) is None


def test_a_code_may_be_typed_in_groups() -> None:
    code = hotp(SHA1, step_at(NOW))
    assert matching_step(SHA1, f" {code[:3]} {code[3:]} ", now=NOW, after=0) == step_at(NOW)


def test_the_address_for_apps_carries_the_secret_and_who_it_is_for() -> None:
    secret = new_secret()
    address = urlsplit(app_address(secret, issuer="Tiep Dan td.example.vn", account="an.nguyen"))
    fields = {name: value for name, (value,) in parse_qs(address.query).items()}
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert unquote(address.path) == "/Tiep Dan td.example.vn:an.nguyen"
    assert base64.b32decode(fields["secret"]) == secret
    assert fields["issuer"] == "Tiep Dan td.example.vn"
    assert (fields["digits"], fields["period"], fields["algorithm"]) == ("6", "30", "SHA1")
    assert typed_secret(secret).replace(" ", "") == fields["secret"]


def test_secrets_are_long_and_differ() -> None:
    assert len({new_secret() for _ in range(100)}) == 100
    assert len(new_secret()) * 8 >= 160
    assert timedelta(seconds=30) == STEP
