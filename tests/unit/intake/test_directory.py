from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from intake.directory import Agency, Directory
from intake.directory_rows import COLUMNS, PROVINCES, Row, merge
from intake.errors import DataFault, UnknownAgency
from intake.places import Gazetteer

TODAY = date(2026, 11, 21)
NGUYET_HOA, LONG_CHAU = "29254", "29551"
SCENARIOS = Path(__file__).parents[2] / "scenarios" / "places" / "agency-names.tsv"
CLASSES = """so-noi-vu so-tu-phap so-tai-chinh so-cong-thuong so-nong-nghiep-moi-truong so-xay-dung
    so-khcn so-vhttdl so-giao-duc so-y-te so-dan-toc-ton-giao so-ngoai-vu van-phong-ubnd thanh-tra
    cong-an quan-su thue bhxh ngan-hang hai-quan dien-luc cap-nuoc ubnd-xa toa-an vien-kiem-sat
    thi-hanh-an ban-ql-kcn""".split()


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.load()


@pytest.fixture(scope="module")
def directory(gazetteer: Gazetteer) -> Directory:
    return Directory.load("vinh-long", gazetteer=gazetteer)


def shipped_provinces() -> list[str]:
    return sorted(path.parent.name for path in PROVINCES.glob("*/province.toml"))


def scenarios() -> list[list[str]]:
    lines = SCENARIOS.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")][1:]


def codes(agencies: tuple[Agency, ...]) -> list[str]:
    return [agency.code for agency in agencies]


def test_there_are_the_27_classes(directory: Directory) -> None:
    assert sorted(directory.classes) == sorted(CLASSES)


@pytest.mark.parametrize("province", shipped_provinces())
def test_every_class_has_a_body_in_every_shipped_province(
    gazetteer: Gazetteer, province: str
) -> None:
    directory = Directory.load(province, gazetteer=gazetteer)
    commune = gazetteer.communes(province)[0].code
    for agency_class in directory.classes:
        assert directory.of_class(agency_class, TODAY, commune) is not None


@pytest.mark.parametrize("province", shipped_provinces())
def test_every_commune_has_its_committee_and_its_police(
    gazetteer: Gazetteer, province: str
) -> None:
    directory = Directory.load(province, gazetteer=gazetteer)
    for place in gazetteer.communes(province):
        for agency_class in ("ubnd-xa", "cong-an"):
            body = directory.of_class(agency_class, TODAY, place.code)
            assert body is not None
            assert (body.place, body.level) == (place.code, "commune")
            assert place.name in body.name


@pytest.mark.parametrize("province", shipped_provinces())
def test_every_closed_body_leads_to_bodies_of_today(gazetteer: Gazetteer, province: str) -> None:
    directory = Directory.load(province, gazetteer=gazetteer)
    moves = dict(directory.moves(TODAY))
    assert moves
    for old, new in moves.items():
        assert new, old
        assert all(directory.get(code).holds_on(TODAY) for code in new)


def test_vinh_long_has_124_committees_and_no_district(directory: Directory) -> None:
    bodies = [a for a in directory.on(TODAY) if a.agency_class == "ubnd-xa"]
    assert len(bodies) == 124
    assert not [a for a in directory.on(TODAY) if "huyện" in a.name]


def test_another_province_is_another_data_folder(gazetteer: Gazetteer, tmp_path: Path) -> None:
    folder = tmp_path / "quang-tri"
    folder.mkdir()
    (folder / "province.toml").write_text(
        'slug = "quang-tri"\ncode_prefix = "qti"\nreference_prefix = "QTI"\n'
        'reception_centres = ["ban-tiep-cong-dan"]\n',
        encoding="utf-8",
    )
    (folder / "agencies.csv").write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    directory = Directory.load(folder, gazetteer=gazetteer)
    assert len([a for a in directory.on(TODAY) if a.agency_class == "ubnd-xa"]) == 78
    assert directory.province.reception_centres == ("qti-ban-tiep-cong-dan",)
    (match, *_) = directory.by_name("Sở Giao thông Quảng Bình", TODAY)
    assert match.agency.name == "Sở Xây dựng tỉnh Quảng Trị"
    assert not [code for code in directory.codes() if code.startswith("vlg")]


@pytest.mark.parametrize("row", scenarios(), ids=lambda row: row[0])
def test_a_name_leads_to_the_body_of_today(directory: Directory, row: list[str]) -> None:
    text, expected = row
    found = [match.agency.code for match in directory.by_name(text, TODAY, limit=8)]
    if expected == "-":
        assert found == []
    elif expected.endswith("|…"):
        assert set(expected.split("|")[:-1]) <= set(found)
    else:
        assert found[: expected.count("|") + 1] == expected.split("|")


def test_an_old_name_is_reported_as_the_reason(directory: Directory) -> None:
    (match,) = directory.by_name("Sở Giao thông vận tải tỉnh Trà Vinh", TODAY)
    assert match.agency.code == "vlg-so-xay-dung"
    assert "Trà Vinh" in match.alias
    assert 90 <= match.score <= 100


def test_a_name_is_found_inside_a_long_letter(directory: Directory) -> None:
    letter = "Kính thưa quý cơ quan, gia đình tôi làm ruộng đã nhiều năm. " * 200
    text = letter + "Tôi đã gửi Phòng TNMT huyện Cầu Kè nhưng chưa ai trả lời. " + letter
    found = {match.agency.code for match in directory.by_name(text, TODAY)}
    assert "vlg-ubnd-xa-cau-ke" in found


@pytest.mark.parametrize("text", ["", " ", "🙂🙂", "\ud800", "&", "a" * 100_000, "xã " * 33_000])
def test_odd_text_names_no_body(directory: Directory, text: str) -> None:
    assert directory.by_name(text, TODAY) == []


def test_the_day_decides_which_body_answers(directory: Directory) -> None:
    last = date(2025, 2, 28)
    old = "vlg-tra-vinh-so-giao-thong-van-tai"
    assert codes(directory.current(old, last)) == [old]
    assert codes(directory.current(old, last + timedelta(days=1))) == ["vlg-tra-vinh-so-xay-dung"]
    assert codes(directory.current(old, date(2025, 6, 30))) == ["vlg-tra-vinh-so-xay-dung"]
    assert codes(directory.current(old, date(2025, 7, 1))) == ["vlg-so-xay-dung"]
    with pytest.raises(UnknownAgency):
        directory.get_on(old, TODAY)


def test_a_split_body_leads_to_all_its_successors(directory: Directory) -> None:
    assert codes(directory.current("vlg-ben-tre-so-lao-dong-tbxh", TODAY)) == [
        "vlg-so-noi-vu",
        "vlg-so-y-te",
        "vlg-so-giao-duc",
        "vlg-so-nong-nghiep-moi-truong",
        "vlg-cong-an",
    ]


def test_a_body_that_does_not_exist_yet_has_nobody_in_its_place(directory: Directory) -> None:
    assert directory.current("vlg-so-xay-dung", date(2024, 1, 1)) == ()


@pytest.mark.parametrize(
    ("code", "above"),
    [
        ("vlg-ubnd-phuong-nguyet-hoa", "vlg-ubnd-tinh"),
        ("vlg-so-xay-dung", "vlg-ubnd-tinh"),
        ("vlg-van-phong-dang-ky-dat-dai", "vlg-so-nong-nghiep-moi-truong"),
        ("vlg-cong-an-phuong-nguyet-hoa", "vlg-cong-an"),
        ("vlg-cong-an", "tw-bo-cong-an"),
        ("vlg-ubnd-huyen-cau-ke", "vlg-ubnd-tinh"),
        ("vlg-dien-luc", "vlg-dien-luc-mien-nam"),
    ],
)
def test_complaints_and_denunciations_go_up_the_chain(
    directory: Directory, code: str, above: str
) -> None:
    superior = directory.superior_of(code, TODAY)
    assert superior is not None
    assert superior.code == above == directory.superior_code(code)


def test_courts_and_the_party_are_for_guidance_only(directory: Directory) -> None:
    for agency in map(directory.get, directory.codes()):
        if agency.level in ("court", "party"):
            assert not agency.competent
            assert agency.side == agency.level
    assert directory.get("vlg-so-y-te").side == "administration"


def test_a_commune_decides_which_water_company_answers(directory: Directory) -> None:
    here = directory.of_class("cap-nuoc", TODAY, NGUYET_HOA)
    there = directory.of_class("cap-nuoc", TODAY, LONG_CHAU)
    assert here is not None
    assert there is not None
    assert (here.code, there.code) == ("vlg-cap-nuoc-tra-vinh", "vlg-cap-nuoc")


def test_without_a_department_of_foreign_affairs_the_office_answers(directory: Directory) -> None:
    assert "vlg-so-ngoai-vu" not in directory.codes()
    body = directory.of_class("so-ngoai-vu", TODAY, None)
    assert body is not None
    assert body.code == "vlg-van-phong-ubnd"


def test_the_commune_s_class_without_a_commune_has_no_answer(directory: Directory) -> None:
    assert directory.of_class("ubnd-xa", TODAY, None) is None
    assert directory.of_class("atlantis", TODAY, None) is None


def test_unconfirmed_facts_keep_their_mark_and_addresses_are_not_invented(
    directory: Directory,
) -> None:
    assert not directory.get("vlg-ban-ql-kcn").verified
    assert directory.get("vlg-so-xay-dung").verified
    assert all(directory.get(code).address is None for code in directory.codes())
    assert directory.province.hotline is None


def test_emergency_numbers_come_with_the_province(directory: Directory) -> None:
    assert [e.number for e in directory.province.emergencies] == ["113", "114", "115", "111"]


def test_the_version_follows_the_content(gazetteer: Gazetteer, tmp_path: Path) -> None:
    first = Directory.load("vinh-long", gazetteer=gazetteer).version
    assert first == Directory.load("vinh-long", overlay=tmp_path, gazetteer=gazetteer).version
    overlay(tmp_path, code="vlg-so-y-te", phone="0270 000 000")
    changed = Directory.load("vinh-long", overlay=tmp_path, gazetteer=gazetteer)
    assert changed.version != first
    assert changed.get("vlg-so-y-te").phone == "0270 000 000"
    assert changed.get("vlg-so-y-te").name == "Sở Y tế tỉnh Vĩnh Long"


def overlay(folder: Path, **cells: str) -> None:
    row = ",".join(f'"{cells.get(column, "")}"' for column in COLUMNS)
    (folder / "vinh-long.csv").write_text(f"{','.join(COLUMNS)}\n{row}\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ({"code": "vlg-x", "class": "so-bay"}, "class"),
        ({"code": "Vlg X", "class": "so-y-te"}, "code"),
        ({"code": "vlg-x", "class": "so-y-te", "level": "moon"}, "level"),
        ({"code": "vlg-so-y-te", "superior": "vlg-nobody"}, "superior"),
        ({"code": "vlg-so-y-te", "superior": "vlg-so-y-te"}, "circle"),
        ({"code": "vlg-ubnd-tinh", "superior": "vlg-so-y-te"}, "circle"),
        ({"code": "vlg-so-y-te", "valid_until": "2026-12-31"}, "successors"),
        (
            {"code": "vlg-so-y-te", "valid_until": "2026-12-31", "successors": "vlg-no"},
            "successors",
        ),
        ({"code": "vlg-so-y-te", "valid_until": "2024-12-31", "successors": "vlg-thue"}, "before"),
        ({"code": "vlg-so-y-te", "valid_from": "31/12/2026"}, "ISO"),
        ({"code": "vlg-so-y-te", "verified": "maybe"}, "verified"),
        ({"code": "vlg-so-y-te", "place": "00000"}, "place"),
        ({"code": "vlg-so-y-te", "serves": "was:atlantis"}, "serves"),
        (
            {"code": "vlg-y", "class": "so-y-te", "level": "province", "name": "Y", "main": "yes"},
            "main",
        ),
    ],
)
def test_a_wrong_row_is_refused_with_file_and_line(
    gazetteer: Gazetteer, tmp_path: Path, cells: dict[str, str], fault: str
) -> None:
    overlay(tmp_path, **cells)
    with pytest.raises(DataFault) as refused:
        Directory.load("vinh-long", overlay=tmp_path, gazetteer=gazetteer)
    assert fault in str(refused.value.values["fault"])
    if fault != "circle":
        assert refused.value.values["file"] == "vinh-long.csv"
        assert refused.value.values["line"] == 2


def test_successors_never_lead_in_a_circle(gazetteer: Gazetteer, tmp_path: Path) -> None:
    lines = [",".join(COLUMNS)]
    for code, successor in (("vlg-so-y-te", "vlg-thue"), ("vlg-thue", "vlg-so-y-te")):
        cells = {"code": code, "valid_until": "2026-12-31", "successors": successor}
        lines.append(",".join(cells.get(column, "") for column in COLUMNS))
    (tmp_path / "vinh-long.csv").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataFault, match="circle"):
        Directory.load("vinh-long", overlay=tmp_path, gazetteer=gazetteer)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("province.toml", 'code_prefix = "vlg"', "code_prefix = "),
        ("province.toml", 'slug = "vinh-long"', 'slug = "atlantis"'),
        ("province.toml", '["ban-tiep-cong-dan"]', '["nobody"]'),
        ("agencies.csv", "code,class", "code,klass"),
        ("agencies.csv", "dien-luc-mien-nam,dien-luc,", "dien-luc-mien-nam,dien-luc"),
    ],
)
def test_a_broken_province_folder_is_refused(
    gazetteer: Gazetteer, tmp_path: Path, file: str, old: str, new: str
) -> None:
    folder = tmp_path / "vinh-long"
    shutil.copytree(PROVINCES / "vinh-long", folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataFault) as refused:
        Directory.load(folder, gazetteer=gazetteer)
    assert refused.value.values["file"] == file


def test_an_unknown_province_is_refused() -> None:
    with pytest.raises(DataFault):
        Directory.load("atlantis")


def test_a_correcting_row_keeps_what_it_leaves_empty_and_empties_what_it_dashes() -> None:
    rows = {"a": Row({"code": "a", "name": "A", "note": "n"}, "f", 1)}
    merge(rows, Row({"code": "a", "name": "", "note": "-", "phone": "1"}, "g", 2))
    values = rows["a"].values
    assert (values["name"], values["note"], values["phone"]) == ("A", "", "1")


def test_an_unknown_code_is_refused(directory: Directory) -> None:
    for ask in (directory.get, lambda code: directory.current(code, TODAY)):
        with pytest.raises(UnknownAgency):
            ask("vlg-atlantis")
    assert directory.superior_code("vlg-atlantis") is None
