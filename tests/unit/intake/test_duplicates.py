"""Likely duplicates: the same text in other clothes is found, other matters are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.duplicates import band_keys, similarity

FLOOD = "Đường vô ấp tôi ngập cả tuần nay, xe không qua được, nhờ xã xem giúp!"


@pytest.mark.parametrize(
    "again",
    [
        "duong vo ap toi ngap ca tuan nay xe khong qua duoc nho xa xem giup",
        "ĐƯỜNG VÔ ẤP TÔI NGẬP CẢ TUẦN NAY; XE KHÔNG QUA ĐƯỢC – NHỜ XÃ XEM GIÚP.",
        "Xin chào. Đường vô ấp tôi ngập cả tuần nay, xe không qua được, nhờ xã xem giúp với ạ",
    ],
)
def test_the_same_petition_in_other_clothes_is_found(again):
    assert similarity(FLOOD, again) > 0.7
    assert set(band_keys(FLOOD)) & set(band_keys(again))


@pytest.mark.parametrize(
    "other", ["Trạm y tế xã thái độ không tốt", "Cúp điện hoài mà điện lực không báo", "", "!!!"]
)
def test_another_matter_is_not(other):
    assert similarity(FLOOD, other) < 0.2
    assert not set(band_keys(FLOOD)) & set(band_keys(other))


@given(st.text(max_size=400))
def test_any_text_has_keys_that_fit_the_column_and_are_always_the_same(text):
    keys = band_keys(text)
    assert keys == band_keys(text)
    assert all(0 <= key < 2**63 for key in keys)
    assert similarity(text, text) in (0.0, 1.0)
