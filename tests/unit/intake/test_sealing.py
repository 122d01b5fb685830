"""Sealing: opens where it belongs, and nowhere else."""

import json

import pytest

from intake.errors import SealBroken, SetupRefused
from intake.sealing import Sealer, load_sealer


@pytest.fixture
def sealer(tmp_path):
    return load_sealer(tmp_path / "keys" / "sealing.json", create=True)


def test_a_sealed_text_opens_again(sealer):
    sealed = sealer.seal("Nguyễn Thị Thử", about="petitioner:VLG-1")
    assert sealer.open(sealed, about="petitioner:VLG-1") == "Nguyễn Thị Thử"
    assert "Nguyễn".encode() not in sealed


def test_a_value_moved_to_another_record_does_not_open(sealer):
    sealed = sealer.seal("x", about="petitioner:VLG-1")
    with pytest.raises(SealBroken):
        sealer.open(sealed, about="petitioner:VLG-2")


@pytest.mark.parametrize("position", [0, 1, 5, 20, -1])
def test_one_altered_byte_is_noticed(sealer, position):
    sealed = bytearray(sealer.seal("một hai ba", about="a"))
    sealed[position] ^= 1
    with pytest.raises(SealBroken):
        sealer.open(bytes(sealed), about="a")


def test_another_installation_s_keys_open_nothing(sealer, tmp_path):
    other = load_sealer(tmp_path / "other.json", create=True)
    with pytest.raises(SealBroken):
        other.open(sealer.seal("x", about="a"), about="a")


def test_values_sealed_with_an_older_key_still_open():
    old = Sealer({1: b"a" * 32}, 1, b"f" * 32)
    both = Sealer({1: b"a" * 32, 2: b"b" * 32}, 2, b"f" * 32)
    assert both.open(old.seal("x", about="a"), about="a") == "x"
    with pytest.raises(SealBroken):
        old.open(both.seal("x", about="a"), about="a")


def test_equal_texts_have_equal_fingerprints_only_for_the_same_purpose(sealer):
    assert sealer.fingerprint("0901", purpose="phone") == sealer.fingerprint(
        "0901", purpose="phone"
    )
    assert sealer.fingerprint("0901", purpose="phone") != sealer.fingerprint("0901", purpose="id")


def test_lost_keys_are_not_silently_replaced(tmp_path):
    with pytest.raises(SetupRefused):
        load_sealer(tmp_path / "none.json", create=False)


def test_the_key_file_is_readable_by_its_owner_only(tmp_path):
    load_sealer(tmp_path / "sealing.json", create=True)
    assert (tmp_path / "sealing.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "content", ["", "{}", json.dumps({"keys": {"1": "eA=="}, "current": 1, "fingerprint": "eA=="})]
)
def test_a_damaged_key_file_is_refused(tmp_path, content):
    (tmp_path / "sealing.json").write_text(content)
    with pytest.raises(SetupRefused):
        load_sealer(tmp_path / "sealing.json", create=True)
