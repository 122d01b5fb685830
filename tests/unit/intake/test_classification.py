"""Kinds follow content, not titles; what is no petition is known for what it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake import classification
from intake.classification import KINDS, classify


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Tôi khiếu nại quyết định thu hồi đất, yêu cầu hủy quyết định.", "KN"),
        ("Tôi khiếu nại quyết định kỷ luật buộc thôi việc đối với tôi.", "KN_KL"),
        ("Tôi tố cáo ông Chủ tịch xã nhận hối lộ 50 triệu, đề nghị xử lý.", "TC"),
        ("Đường ấp hư hỏng nặng, mong xã sửa giùm.", "KNPA"),
        ("Thủ tục rườm rà, đề nghị bỏ bớt giấy tờ ngoài quy định.", "PAKN"),
        ("xin chao", "OTHER"),
    ],
)
def test_kinds_are_told_apart(text, kind):
    assert classify(text).kind == kind


def test_a_title_does_not_make_a_denunciation_a_complaint():
    text = """ĐƠN KHIẾU NẠI
Kính gửi: Ủy ban nhân dân tỉnh
Tôi tên là Trần Thị Thí Dụ, ngụ ấp 2.
Tôi tố cáo ông trưởng ấp ăn chặn tiền hỗ trợ của 12 hộ nghèo, đề nghị xử lý cán bộ này."""
    assert classify(text).kind == "TC"


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("xin chào", "greeting"),
        ("cảm ơn nhiều nha", "thanks"),
        ("lịch tiếp công dân tháng này ngày nào", "schedule_question"),
        ("làm khai sinh cần giấy tờ gì", "procedure_question"),
        ("đơn của tôi tới đâu rồi", "status"),
        ("cho gặp cán bộ nói chuyện trực tiếp", "person"),
        ("", "empty"),
        ("!!! 😀", "empty"),
    ],
)
def test_what_is_no_petition_is_known_for_what_it_is(text, intent):
    found = classify(text)
    assert (found.kind, found.intent) == ("OTHER", intent)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("cuu voi, cháy nhà rồi, lửa lớn lắm", "114"),
        ("cứu em với, chồng cầm dao dọa giết", "113"),
        ("có người bị rắn cắn sắp chết cứu gấp", "115"),
        ("chong toi danh toi chay mau, cuu", "113"),
        ("co dam chay o cho, cuu voi", "114"),
    ],
)
def test_danger_now_comes_with_the_number_to_call_and_is_not_filed(text, number):
    found = classify(text)
    assert found.urgent == number
    assert found.intent == "emergency"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("bé gái 8 tuổi gần nhà bị xâm hại, nhờ giúp", ("111", "113")),
        ("be gai bi xam hai", ("111", "113")),
        ("Ông cha dượng đang đánh đập con nhỏ, cứu với", ("111", "113")),
        ("chồng em nhậu say đang đánh em, cứu em với", ("113",)),
        ("Nhà kế bên đang bốc cháy, lửa lan qua mái tôn rồi!", ("114",)),
        ("co dua nho rot xuong song truoc ben do, dang tim chua thay", ("114",)),
        ("dây điện đứt rớt xuống đường trước nhà tôi, đang xẹt lửa", ("114",)),
        ("tai nạn ngã ba, hai người nằm bất động, gọi xe cấp cứu giùm", ("115",)),
    ],
)
def test_each_danger_has_its_numbers_and_a_child_harmed_has_two(text, numbers):
    found = classify(text)
    assert found.intent == "emergency"
    assert found.numbers[: len(numbers)] == numbers
    assert found.urgent == numbers[0]


@pytest.mark.parametrize(
    "text",
    [
        "Khúc cua này hay xảy ra tai nạn giao thông, đề nghị lắp gương cầu lồi",
        "Trẻ em hay tắm sông bị đuối nước, đề nghị cắm biển cảnh báo",
        "Chung cư không có lối thoát hiểm, lỡ cháy thì sao",
        "o cho co dam chay nho nhung da dap xong, de nghi kiem tra he thong dien",
    ],
)
def test_a_danger_that_can_wait_a_day_is_a_petition(text):
    assert classify(text).intent == "petition"


@pytest.mark.parametrize(
    "text", ["hang xom danh con no chay mau mieng", "Hàng xóm đánh con nó chảy máu miệng"]
)
def test_danger_told_faintly_is_never_taken_for_a_question(text):
    found = classify(text)
    assert found.intent == "petition" or (found.intent == "emergency" and found.numbers)


@pytest.mark.parametrize(
    "text",
    [
        "Đèn đường hư, xin sửa",
        "xin sua duong",
        "Nhà tôi mất nước 3 ngày rồi",
        "rac khong ai don",
        "Trường thu tiền nhiều quá",
        "loa keo on qua",
        "đường ấp 3 xã Càng Long hư, đề nghị sửa",
        "cầu gãy, đề nghị sửa",
        "cho tha rong can nguoi",
    ],
)
def test_a_plain_report_or_wish_of_a_few_words_is_one(text):
    assert classify(text).kind == "KNPA"


@pytest.mark.parametrize("text", ["duong hu, de nghi sua", "cầu gãy, đề nghị xử lý gấp"])
def test_a_few_words_are_never_two_demands_unless_a_word_joins_them(text):
    assert classify(text).kind != "MIXED"


def test_a_kind_that_was_ruled_out_does_not_come_back(monkeypatch):
    shares = dict.fromkeys(classification.KINDS, 0.01) | {"OTHER": 0.5, "MIXED": 0.3, "KNPA": 0.15}
    monkeypatch.setattr(classification, "probabilities", lambda _: list(shares.values()))
    assert classify("đường ấp hư nặng").kind == "KNPA"


def test_a_leaning_pole_is_a_petition_and_no_emergency():
    assert classify("Cột điện trước nhà nghiêng lâu nay, mong điện lực dựng lại").kind == "KNPA"


def test_gibberish_is_not_called_an_insult():
    assert classify("qwrt zxcv bnmp").intent not in ("insult", "spam")


def test_two_subjects_are_two_parts_that_can_be_routed_alone():
    found = classify(
        "Thứ nhất, trường thu tiền máy lạnh sai quy định. "
        "Thứ hai, điện lực cúp điện hoài không báo trước."
    )
    assert [part.topic for part in found.parts] == ["school-fees", "power-cuts"]
    assert "cúp điện" in found.parts[1].excerpt


def test_two_subjects_in_one_breath_are_two_parts():
    found = classify("Đường ấp 5 ổ gà quá, với lại trạm y tế xã không có thuốc BHYT")
    assert [part.excerpt.split()[0] for part in found.parts] == ["Đường", "với"]


def test_one_subject_has_no_parts():
    assert classify("Cúp điện hoài, tủ lạnh hư, thịt cá bỏ hết").parts == ()


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("Khiếu nại quyết định thu hồi đất, yêu cầu hủy quyết định bồi thường", ("land",)),
        ("Tố cáo kế toán xã tham ô, ăn chặn tiền của dân", ("corruption",)),
        ("Trợ cấp người cao tuổi của mẹ tôi bị cắt, mong xã xem lại", ("policy",)),
    ],
)
def test_the_field_of_the_official_form_needs_no_retyping(text, fields):
    assert classify(text).fields == fields


def test_the_accused_is_named():
    found = classify("Tôi tố cáo ông Chủ tịch UBND xã nhận tiền của 7 hộ dân")
    assert any("chu tich" in who for who in found.accused)


@given(st.text(max_size=300))
@settings(deadline=None)
def test_any_text_is_classified(text):
    found = classify(text)
    assert found.kind in KINDS
    assert 0 <= found.score <= 100
