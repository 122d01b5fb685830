"""Likely duplicates in the register: near twins first, a printed letter by many costs no more."""

from __future__ import annotations

import pytest

from intake.duplicates import band_keys
from intake.store.petitions import sharing_bands
from tests.factories import build_office, file

FLOOD = "Đường vô ấp tôi ngập cả tuần nay, xe không qua được, nhờ xã xem giúp bà con với"
LETTER = (
    "Kính gửi tỉnh, chúng tôi là tiểu thương chợ huyện cũ đề nghị giữ chợ ở chỗ cũ, không dời ra "
    "ngoại ô, vì dời đi thì mất khách quen và không còn đường sống. Người ký: {name}"
)


@pytest.fixture
def office(database_url, tmp_path):
    office = build_office(database_url, tmp_path)
    yield office
    office.store.close()


def like(office, text):
    with office.store.read() as tx:
        return sharing_bands(tx, band_keys(text))


def test_the_nearest_twin_comes_first(office):
    far = file(office, text=FLOOD[:40] + " và cầu cũng gãy, trẻ em phải đi đò qua sông đi học")
    near = file(office, text=FLOOD)
    found = like(office, FLOOD.upper())
    assert found[0] == near.id
    assert far.id not in found[:1]


def test_a_text_of_its_own_has_none(office):
    file(office, text=FLOOD)
    assert like(office, "Con trâu làng bên sang ăn lúa suốt mùa, hòa giải hai lần không xong") == []
    assert like(office, "") == []


def test_one_of_many_like_letters_is_found_among_them(office):
    names = [f"Nguyễn Văn Số {number} ở sạp {number * 7}" for number in range(40)]
    filed = [file(office, text=LETTER.format(name=name)) for name in names]
    found = like(office, LETTER.format(name=names[3]))
    assert found[0] == filed[3].id
    assert len(found) <= 20
