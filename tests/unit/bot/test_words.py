"""Short answers are read as people write them."""

from __future__ import annotations

from datetime import date

import pytest

from bot.dialogue.words import decision_in


@pytest.mark.parametrize(
    ("text", "decision", "day"),
    [
        (
            "khiếu nại Quyết định số 123/QĐ-UBND ngày 05/10/2026 của UBND xã",
            "Quyết định số 123/QĐ-UBND",
            date(2026, 10, 5),
        ),
        (
            "ubnd xa ra quyet dinh thu hoi dat so 123/QD-UBND ngay 5/10/2026 la sai",
            "quyet dinh thu hoi dat so 123/QD-UBND",
            date(2026, 10, 5),
        ),
        ("theo 45/2026/QĐ-UBND thì tui mất đất", "45/2026/QĐ-UBND", None),
        ("thông báo 17/TB-UBND", "thông báo 17/TB-UBND", None),
        ("tui quyết định bán 3 công đất hồi 2020", "", None),
        ("đường 30/4 bị ngập, nhà số 12/3 cũng ngập", "", None),
    ],
)
def test_a_decision_is_found_by_its_number(text: str, decision: str, day: date | None) -> None:
    assert decision_in(text) == (decision, day)
