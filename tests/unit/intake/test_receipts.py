"""Receipt codes: random, hard to guess, easy to read over the telephone."""

from datetime import date

from intake.receipts import (
    hash_secret,
    new_reference,
    new_secret,
    normalize_reference,
    verify_secret,
)


def test_a_reference_tells_province_and_month_and_no_count():
    first, second = (new_reference("VLG", date(2026, 11, 21)) for _ in range(2))
    assert first.startswith("VLG-2611-")
    assert first != second


def test_a_secret_has_sixty_bits_in_readable_letters():
    secrets = {new_secret() for _ in range(2_000)}
    assert len(secrets) == 2_000
    letters = set("".join(secrets).replace("-", ""))
    assert letters == set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    assert all(len(secret.replace("-", "")) == 12 for secret in secrets)


def test_a_secret_is_accepted_as_people_type_it():
    stored = hash_secret("9F3K-72QD-MZ0A")
    for typed in ("9F3K-72QD-MZ0A", "9f3k72qdmz0a", " 9F3K 72QD MZOA "):
        assert verify_secret(typed, stored), typed
    assert not verify_secret("9F3K-72QD-MZ0B", stored)


def test_no_petition_and_wrong_secret_are_both_simply_false():
    assert verify_secret("9F3K-72QD-MZ0A", None) is False
    assert verify_secret("no such petition", None) is False


def test_a_reference_is_found_as_people_type_it():
    assert normalize_reference(" vlg 2611-7k3qdm ") == "VLG-2611-7K3QDM"
