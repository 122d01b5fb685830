"""Texts are read as people type them, and no text is too strange to be read."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.place_names import TOKEN
from intake.text import accent_key, clean, decode_telex, fold, fold_letters, words_of
from intake.topics import lexicon


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Đường ấp HƯ", "duong ap hu"),
        (unicodedata.normalize("NFD", "Đường ấp hư"), "duong ap hu"),
        ("  nhiều \n khoảng\ttrắng ", "nhieu khoang trang"),
        ("ĐIỆN LỰC", "dien luc"),
        ("xã 5, đường 30/4!", "xa 5, duong 30/4!"),
    ],
)
def test_folding_takes_marks_case_and_spaces_off_and_nothing_else(typed, folded):
    assert fold(typed) == folded


@given(st.text(max_size=300))
def test_folding_twice_changes_nothing_more(text):
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=300))
def test_clean_text_is_nfc_and_stays_clean(text):
    cleaned = clean(text)
    assert unicodedata.is_normalized("NFC", cleaned)
    assert clean(cleaned) == cleaned
    cleaned.encode("utf-8")


def test_what_no_reader_can_see_is_not_stored():
    assert clean("đ\u200bư\u202eờ\ufeffng\ud800 hư\x00") == "đường hư"


def test_where_the_tone_is_set_makes_no_difference_but_the_tone_does():
    assert accent_key("hòa") == accent_key("hoà")
    assert len({accent_key(word) for word in ("mở", "mồ", "mỏ", "mo")}) == 4


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("dduwowngf", "đường"),
        ("nguwowif", "người"),
        ("khoong", "không"),
        ("ddaast", "đất"),
        ("hoaf", "hòa"),
        ("dduwowcj", "được"),
        ("baor", "bảo"),
    ],
)
def test_telex_leftovers_are_decoded(typed, meant):
    assert decode_telex(typed) == meant


@pytest.mark.parametrize("word", ["", "xe", "karaokeeeeeeeeeeeee", "a1b", "điện"])
def test_what_is_no_telex_stays_as_it_is(word):
    assert decode_telex(word) is None


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("bao ca xa toi", "bao cong an xa toi"),
        ("ca phuong khong giai quyet", "cong an phuong khong giai quyet"),
        ("hat ca tai tu", "hat ca tai tu"),
        ("nop tien bh y te", "nop tien bao hiem y te"),
        ("duong hong", "duong hong"),
        ("hong ai sua", "khong ai sua"),
        ("mua 5 kg gao", "mua 5 kg gao"),
        ("gia 20 k mot ve", "gia 20 nghin mot ve"),
        ("bi csgt phat", "bi canh sat giao thong phat"),
        ("p 7 ngap", "phuong 7 ngap"),
    ],
)
def test_short_forms_are_read_by_their_neighbours(typed, read):
    assert " ".join(lexicon().reader.read(typed).folded) == read


@pytest.mark.parametrize(
    ("typed", "read"),
    [("duogn hu", "duong hu"), ("dduwowngf hu", "duong hu"), ("benh vienj", "benh vien")],
)
def test_a_slip_of_the_finger_is_repaired_and_noted(typed, read):
    reading = lexicon().reader.read(typed)
    assert " ".join(reading.folded) == read
    assert reading.repairs


def test_a_real_syllable_is_never_repaired_into_another():
    assert lexicon().reader.read("xe chay qua nha").repairs == ()


def test_tags_and_marks_of_markup_are_no_words():
    assert words_of("<b>đường</b> hư<script src=x>") == ["đường", "hư"]


def test_folding_letter_by_letter_leaves_the_same_syllables_in_the_same_places():
    # The place names of a text are looked for in its folded letters, and cut from its typed ones.
    letters = (chr(code) for code in range(0x2FFFF) if not 0xD800 <= code <= 0xDFFF)
    text = " ".join(a for a in letters if unicodedata.is_normalized("NFC", a))
    folded = fold_letters(text)
    assert [found.span() for found in TOKEN.finditer(text)] == [
        found.span() for found in TOKEN.finditer(folded)
    ]
