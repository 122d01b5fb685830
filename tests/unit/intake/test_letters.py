"""Furniture of letters is kept apart, and a message is never thrown away with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.letters import parse_letter
from intake.text import clean, fold_words

LETTER = """CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Độc lập - Tự do - Hạnh phúc
---------
ĐƠN KHIẾU NẠI
(V/v bồi thường đất)
Kính gửi: - Ủy ban nhân dân tỉnh Vĩnh Long;
- Sở Công Thương;
- Công an tỉnh.
Tôi tên là: Nguyễn Văn Thí Dụ, sinh năm 1970. CCCD số 084000000001 do Cục Cảnh sát cấp.
Địa chỉ: ấp 5, xã Tân Thành, tỉnh Vĩnh Long. Điện thoại: 0900 000 000
Nội dung: Nhà nước thu hồi 500 m2 đất của tôi nhưng chưa đền bù. Đã gửi đơn khiếu nại lên xã mà
không ai trả lời.
Đề nghị xem xét giải quyết.
Tôi xin cam đoan nội dung trên là đúng sự thật.
Xin trân trọng cảm ơn!
Nơi nhận:
- Như trên;
- Thanh tra tỉnh;
NGƯỜI LÀM ĐƠN
"""


@pytest.mark.parametrize("text", [LETTER, LETTER.replace("\n", " ")], ids=["lines", "one line"])
def test_each_piece_of_a_letter_comes_into_its_own_field(text):
    letter = parse_letter(clean(text))
    assert letter.is_letter
    assert letter.name == "Nguyễn Văn Thí Dụ"
    assert letter.id_number == "084000000001"
    assert letter.phone == "0900 000 000"
    assert "Sở Công Thương" in " ".join(letter.addressees)
    assert letter.demand.startswith("Đề nghị")


@pytest.mark.parametrize("text", [LETTER, LETTER.replace("\n", " ")], ids=["lines", "one line"])
def test_the_content_holds_no_furniture_but_the_subject_of_the_title(text):
    body = parse_letter(clean(text)).body
    assert "chưa đền bù" in body
    assert "bồi thường đất" in body
    for furniture in ("Công Thương", "Thanh tra tỉnh", "Cảnh sát", "cam đoan", "Độc lập"):
        assert furniture not in body


def test_a_story_that_mentions_an_earlier_petition_stays_whole():
    body = parse_letter(clean(LETTER)).body
    assert "Đã gửi đơn khiếu nại lên xã" in body


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Kính gửi UBND tỉnh, đường vào ấp 5 hư quá.", "đường vào ấp 5 hư quá"),
        ("Tôi tên Nguyễn Văn Thử, ngụ ấp 5, xã X, có thửa đất bị thu hồi.", "có thửa đất bị"),
        ("Tôi tên là Mẫu, nay làm đơn này phản ánh xe rác không vô hẻm", "xe rác không vô hẻm"),
        ("đơn khiếu nại", "đơn khiếu nại"),
        ("Kính gửi Sở Y tế", "Sở Y tế"),
        ("Mất điện hoài", "Mất điện hoài"),
    ],
)
def test_a_short_message_keeps_what_it_is_about(text, kept):
    assert kept in parse_letter(text).body


@given(st.text(max_size=500))
def test_any_text_with_content_has_a_body(text):
    cleaned = clean(text)
    assert bool(parse_letter(cleaned).body.strip()) == bool(cleaned.strip())


FRAMES = sorted((Path(__file__).parents[2] / "scenarios" / "letters").glob("*.txt"))
MATTERS = (
    "Đường ấp 5 lầy lội, học sinh té hoài. Nhờ xã đổ đá giùm bà con.",
    "duong ap 5 lay loi hoc sinh te hoai, nho xa do da gium ba con",
    "Sở Xây dựng cho đào đường rồi bỏ đó; trưởng ấp đã báo; Công an xã cũng nói vậy.",
    "Trạm y tế xã hết thuốc BHYT, cụ thể như sau: tháng 9 không có thuốc huyết áp.",
    "Trường thu tiền máy lạnh sai quy định",
)


@pytest.mark.parametrize("frame", FRAMES, ids=lambda path: path.stem)
@pytest.mark.parametrize("matter", MATTERS)
def test_every_frame_of_a_letter_gives_back_the_matter_and_nothing_else(frame, matter):
    text = frame.read_text(encoding="utf-8").replace("{content}", matter)
    assert fold_words(parse_letter(clean(text)).body) == fold_words(matter)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("ĐƠN PHẢN ÁNH. Tôi là chủ nhà trọ, bị áp giá điện sai.", "chủ nhà trọ"),
        ("Kính gửi Sở Y tế. Tôi khiếu nại.", "Tôi khiếu nại"),
    ],
)
def test_words_that_only_look_like_furniture_stay(text, kept):
    assert kept in parse_letter(text).body
