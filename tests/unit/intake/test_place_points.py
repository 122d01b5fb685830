from __future__ import annotations

import pytest

from intake.place_points import Point, commune_points, communes_near, point_in
from tests.factories import data_files


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("Vị trí đã chia sẻ: 10.2537, 105.9722", Point(10.2537, 105.9722)),
        ("chợ xã (10.25;105.97)", Point(10.25, 105.97)),
        ("ở 10.2537,105.9722 nha", Point(10.2537, 105.9722)),
    ],
)
def test_coordinates_are_read_as_people_send_them(text: str, point: Point) -> None:
    assert point_in(text) == point


@pytest.mark.parametrize(
    "text",
    [
        "ngày 10, 11", "số nhà 12, 14", "nộp 1.500, 2.000 đồng", "91.5, 105.9", "10.1.2, 3.4.5",
        "khoảng 10,5 mét", "", "192.168.1.1, 10.0.0.1",
    ],
)  # fmt: skip
def test_dates_and_sums_are_no_coordinates(text: str) -> None:
    assert point_in(text) is None


def test_every_commune_of_today_has_a_point_in_viet_nam() -> None:
    _, gazetteer, *_ = data_files()
    points = commune_points()

    for slug in gazetteer.provinces:
        for place in gazetteer.communes(slug):
            point = points[place.code]
            assert 6 < point.latitude < 24, place
            assert 102 < point.longitude < 118, place


def test_the_point_of_a_commune_is_nearest_to_itself() -> None:
    _, gazetteer, *_ = data_files()
    codes = [place.code for place in gazetteer.communes("vinh-long")]

    for code in codes:
        near = communes_near(commune_points()[code], codes)
        assert near[0].code == code
        assert len(near) == 3


def test_a_place_far_away_is_near_nothing() -> None:
    _, gazetteer, *_ = data_files()
    codes = [place.code for place in gazetteer.communes("vinh-long")]

    assert communes_near(Point(21.03, 105.85), codes) == []
