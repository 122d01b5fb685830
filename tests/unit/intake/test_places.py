from __future__ import annotations

import shutil
import unicodedata
from datetime import date
from pathlib import Path

import pytest

from intake.errors import DataFault, NotFound
from intake.places import DATA, Gazetteer

SCENARIOS = Path(__file__).parents[2] / "scenarios" / "places" / "vinh-long.tsv"


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.load(everything=True)


def scenarios() -> list[list[str]]:
    lines = SCENARIOS.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")][1:]


@pytest.mark.parametrize("row", scenarios(), ids=lambda row: row[0])
def test_the_place_is_read_as_a_clerk_would(gazetteer: Gazetteer, row: list[str]) -> None:
    text, state, names, old = row
    match = gazetteer.find(text, province="vinh-long")
    if state == "none":
        assert match is None
        return
    assert match is not None
    found = {place.label for place in match.places}
    expected = set(names.split("|"))
    assert found >= expected - {"…"}
    assert "…" in expected or found == expected
    assert match.ambiguous is (state == "several")
    assert match.old is (old == "yes")


def test_the_country_has_34_provinces_and_3321_communes(gazetteer: Gazetteer) -> None:
    counts = {slug: len(gazetteer.communes(slug)) for slug in gazetteer.provinces}
    assert len(counts) == 34
    assert sum(counts.values()) == 3321
    assert (counts["vinh-long"], counts["ca-mau"], counts["quang-tri"]) == (124, 64, 78)


def test_every_old_commune_and_district_leads_to_communes_of_its_province(
    gazetteer: Gazetteer,
) -> None:
    units = [unit for slug in gazetteer.provinces for unit in gazetteer.old_units(slug)]
    before = [unit for unit in units if unit.valid_until < date(2025, 7, 1)]
    assert sum(unit.code != unit.district for unit in before) == 10_035
    assert sum(unit.code == unit.district for unit in before) == 696
    assert all(unit.to for unit in units)
    assert all(
        gazetteer.commune(code).province == unit.province for unit in units for code in unit.to
    )


def test_vinh_long_is_made_of_ben_tre_tra_vinh_and_vinh_long(gazetteer: Gazetteer) -> None:
    assert {slug for slug, _, _ in gazetteer.provinces["vinh-long"].was} == {
        "ben-tre",
        "tra-vinh",
        "vinh-long",
    }


def test_dong_nai_is_a_city_from_30_april_2026(gazetteer: Gazetteer) -> None:
    dong_nai = gazetteer.provinces["dong-nai"]
    assert (dong_nai.label, dong_nai.valid_from) == ("Thành phố Đồng Nai", date(2026, 4, 30))
    raised = [p for p in gazetteer.communes("dong-nai") if p.valid_from == date(2026, 4, 30)]
    assert len(raised) == 10
    assert {place.type for place in raised} == {"phuong"}


def test_the_match_says_where_in_the_text_it_stands(gazetteer: Gazetteer) -> None:
    text = "Đường hư nặng ở phường 7, TP Trà Vinh đã hai tháng"
    match = gazetteer.find(text, province="vinh-long")
    assert match is not None
    assert text[match.start : match.end] == match.matched == "phường 7, TP Trà Vinh"


def test_decomposed_letters_are_read_like_composed_ones(gazetteer: Gazetteer) -> None:
    text = unicodedata.normalize("NFD", "phường Nguyệt Hóa")
    match = gazetteer.find(text, province="vinh-long")
    assert match is not None
    assert match.places[0].label == "Phường Nguyệt Hóa"


def test_two_communes_in_one_text_are_both_offered(gazetteer: Gazetteer) -> None:
    match = gazetteer.find("từ xã Cầu Kè qua xã Tập Ngãi", province="vinh-long")
    assert match is not None
    assert [place.name for place in match.places] == ["Cầu Kè", "Tập Ngãi"]
    assert match.ambiguous


def test_a_district_named_elsewhere_in_the_text_settles_a_numbered_ward(
    gazetteer: Gazetteer,
) -> None:
    text = "Phường 7 chúng tôi ngập mỗi khi mưa. Mong thành phố Trà Vinh làm lại cống."
    match = gazetteer.find(text, province="vinh-long")
    assert match is not None
    assert [place.name for place in match.places] == ["Nguyệt Hóa"]


def test_a_province_alone_is_found_but_names_no_commune(gazetteer: Gazetteer) -> None:
    (match,) = gazetteer.find_all("quê tôi ở Cần Thơ", province="vinh-long")
    assert (match.level, match.province, match.places) == ("province", "can-tho", ())


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\x00\ud800\u202e",
        "🙂" * 500,
        "xã",
        "phường",
        "p",
        "7",
        "xã,,,,",
        "ấp",
        "TP",
        "a\u0323",
    ],
)
def test_odd_input_names_no_place_and_breaks_nothing(gazetteer: Gazetteer, text: str) -> None:
    assert gazetteer.find(text, province="vinh-long") is None


@pytest.mark.parametrize("piece", ["xã Tân Phú ", "xã tan phuu ", "Trà Vinh ", "xã ", "P "])
def test_a_hundred_thousand_characters_are_read(gazetteer: Gazetteer, piece: str) -> None:
    text = (piece * 100_000)[:99_960] + " phường Long Đức"
    match = gazetteer.find(text, province="vinh-long")
    assert match is not None
    assert "Long Đức" in {place.name for place in match.places}


def test_an_unknown_province_is_refused(gazetteer: Gazetteer) -> None:
    with pytest.raises(NotFound):
        gazetteer.find("xã Tân Phú", province="atlantis")


@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [
        ("communes.tsv", "vinh-long\t2025-07-01", "vinh-lon\t2025-07-01", None),
        ("communes.tsv", "28756\tphuong", "28756\tphuongg", None),
        ("communes.tsv", "28777\tphuong", "28756\tphuong", None),
        ("provinces.tsv", "2025-07-01", "01/07/2025", 3),
        ("old/vinh-long.tsv", "\t28756\t2025-06-30", "\t99999\t2025-06-30", 3),
        ("old/vinh-long.tsv", "was_province", "province", 2),
    ],
)
def test_a_broken_table_is_refused_with_file_and_line(
    tmp_path: Path, file: str, old: str, new: str, line: int | None
) -> None:
    folder = tmp_path / "places"
    shutil.copytree(DATA, folder)
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataFault) as fault:
        Gazetteer.load(folder, everything=True)
    assert fault.value.values["file"] == path.name
    expected = line or text[: text.index(old)].count("\n") + 1
    assert fault.value.values["line"] == expected
