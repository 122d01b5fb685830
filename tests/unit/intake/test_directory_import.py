from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from openpyxl import Workbook

from intake import directory_commands
from intake.directory import Directory
from intake.directory_import import ImportPlan, clashing_names, plan_import, write_overlay
from intake.errors import DataFault
from intake.places import Gazetteer

TODAY = date(2026, 11, 21)
HEAD = "code,class,level,name,superior,valid_from,valid_until,successors,main,competent,verified"


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.load()


@pytest.fixture(scope="module")
def directory(gazetteer: Gazetteer) -> Directory:
    return Directory.load("vinh-long", gazetteer=gazetteer)


def listed(folder: Path, *lines: str) -> Path:
    path = folder / "danh-sach.csv"
    path.write_text("\n".join((HEAD, *lines)) + "\n", encoding="utf-8")
    return path


def tiepdan(*arguments: str, data: Path) -> Result:
    group = click.Group()
    directory_commands.register(group)
    environment = {"TIEPDAN_DATA_DIR": str(data), "TIEPDAN_PROVINCE": "vinh-long"}
    return CliRunner().invoke(group, arguments, env=environment)


def written(
    plan: ImportPlan, folder: Path, directory: Directory, gazetteer: Gazetteer
) -> Directory:
    write_overlay(plan, folder, directory.province)
    return Directory.load("vinh-long", overlay=folder, gazetteer=gazetteer)


def test_a_dry_run_shows_each_change_and_writes_nothing(
    tmp_path: Path, directory: Directory, gazetteer: Gazetteer
) -> None:
    path = listed(
        tmp_path,
        "vlg-so-y-te,,,Sở Y tế tỉnh Vĩnh Long mới,,,,,,,",
        "vlg-benh-vien-tra-vinh,so-y-te,province,Bệnh viện Trà Vinh,vlg-so-y-te,2025-07-01,,,,,yes",
        "vlg-so-xay-dung,,,Sở Xây dựng tỉnh Vĩnh Long,,,,,,,",
    )
    plan = plan_import(path, directory, gazetteer)
    assert [(c.line, c.kind) for c in plan.changes] == [(2, "changed"), (3, "new"), (4, "same")]
    assert plan.changes[0].fields == (
        ("name", "Sở Y tế tỉnh Vĩnh Long", "Sở Y tế tỉnh Vĩnh Long mới"),
    )
    assert plan.faults == ()
    result = tiepdan("agencies", "import", str(path), "--dry-run", data=tmp_path / "var")
    assert result.exit_code == 0
    assert "danh-sach.csv:3: new vlg-benh-vien-tra-vinh" in result.output
    assert not (tmp_path / "var").exists()


def test_an_import_is_merged_over_the_shipped_rows(
    tmp_path: Path, directory: Directory, gazetteer: Gazetteer
) -> None:
    plan = plan_import(
        listed(tmp_path, "vlg-so-y-te,,,Sở Y tế Vĩnh Long mới,,,,,,,"), directory, gazetteer
    )
    after = written(plan, tmp_path / "directory", directory, gazetteer)
    assert after.get("vlg-so-y-te").name == "Sở Y tế Vĩnh Long mới"
    assert after.get("vlg-so-y-te").superior == "vlg-ubnd-tinh"
    assert len(after.codes()) == len(directory.codes())
    assert after.version != directory.version


def test_a_second_import_adds_to_the_first(
    tmp_path: Path, directory: Directory, gazetteer: Gazetteer
) -> None:
    folder = tmp_path / "directory"
    first = plan_import(listed(tmp_path, "vlg-so-y-te,,,Tên mới,,,,,,,"), directory, gazetteer)
    between = written(first, folder, directory, gazetteer)
    second = plan_import(
        listed(tmp_path, "vlg-so-y-te,,,,,,,,,,no", "vlg-thue,,,Thuế mới,,,,,,,"),
        between,
        gazetteer,
    )
    after = written(second, folder, directory, gazetteer)
    assert (after.get("vlg-so-y-te").name, after.get("vlg-so-y-te").verified) == ("Tên mới", False)
    assert after.get("vlg-thue").name == "Thuế mới"


def test_closing_a_body_names_who_takes_over_its_cases(
    tmp_path: Path, directory: Directory, gazetteer: Gazetteer
) -> None:
    path = listed(
        tmp_path,
        "vlg-so-dan-toc-ton-giao,,,,,,31/12/2026,vlg-so-noi-vu,,,",
    )
    plan = plan_import(path, directory, gazetteer)
    assert plan.moves == (("vlg-so-dan-toc-ton-giao", ("vlg-so-noi-vu",)),)
    after = written(plan, tmp_path / "directory", directory, gazetteer)
    moves = dict(after.moves(date(2027, 1, 1)))
    assert moves["vlg-so-dan-toc-ton-giao"] == ("vlg-so-noi-vu",)
    assert "vlg-so-dan-toc-ton-giao" not in dict(after.moves(date(2026, 12, 31)))
    (match,) = after.by_name("Sở Dân tộc và Tôn giáo", date(2027, 1, 1))
    assert match.agency.code == "vlg-so-noi-vu"


def test_every_fault_is_reported_by_its_row(
    tmp_path: Path, directory: Directory, gazetteer: Gazetteer
) -> None:
    path = listed(
        tmp_path,
        "vlg-a,so-bay,province,A,,,,,,,",
        "vlg-b,so-y-te,province,B,vlg-nobody,,,,,,",
        "vlg-c,so-y-te,province,C,,2026-13-01,,,,,",
        "vlg-d,so-y-te,province,D,,,2026-12-31,,,,",
        "vlg-so-y-te,,,Giữ nguyên,,,,,,,",
        "vlg-so-y-te,,,Hai lần,,,,,,,",
        ",so-y-te,province,,,,,,,,",
        "tw-evn,,,Của tỉnh,,,,,,,",
        "vlg-e,so-y-te,province,E,,,,,yes,,",
    )
    plan = plan_import(path, directory, gazetteer)
    faults = dict(plan.faults)
    assert sorted(faults) == [2, 3, 4, 5, 7, 8, 9, 10]
    assert "class" in faults[2]
    assert "superior" in faults[3]
    assert "valid_from" in faults[4]
    assert "successors" in faults[5]
    assert "line 6 already" in faults[7]
    assert "neither code nor name" in faults[8]
    assert "whole country" in faults[9]
    assert "main" in faults[10]
    result = tiepdan("agencies", "import", str(path), data=tmp_path / "var")
    assert result.exit_code == 1
    assert "danh-sach.csv:3: fault: superior" in result.output
    assert not (tmp_path / "var").exists()
    with pytest.raises(DataFault):
        write_overlay(plan, tmp_path / "directory", directory.province)


def test_a_row_that_breaks_another_one_is_a_fault_too(
    tmp_path: Path, directory: Directory, gazetteer: Gazetteer
) -> None:
    path = listed(tmp_path, "vlg-ubnd-tinh,,,,vlg-so-y-te,,,,,,")
    plan = plan_import(path, directory, gazetteer)
    assert plan.faults
    assert plan.rows == ()


def test_a_vietnamese_workbook_is_read_as_people_make_it(
    tmp_path: Path, directory: Directory, gazetteer: Gazetteer
) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(
        ["Tên cơ quan", "Lớp", "Cấp", "Xã, phường", "Trực thuộc", "Từ ngày", "Nhận đơn", "Xác nhận"]
    )
    sheet.append([
        "Trạm Y tế phường Nguyệt Hoá", "Sở Y tế", "Xã", "Phường Nguyệt Hóa", "vlg-so-y-te",
        date(2026, 1, 1), "có", True,
    ])  # fmt: skip
    sheet.append([None] * 8)
    path = tmp_path / "danh sách.xlsx"
    book.save(path)
    plan = plan_import(path, directory, gazetteer)
    assert plan.faults == ()
    after = written(plan, tmp_path / "directory", directory, gazetteer)
    station = after.get("vlg-tram-y-te-phuong-nguyet-hoa")
    assert (station.agency_class, station.level, station.place) == ("so-y-te", "commune", "29254")
    assert (station.valid_from, station.competent, station.verified) == (
        date(2026, 1, 1),
        True,
        True,
    )


def test_semicolons_and_byte_order_marks_are_read(
    tmp_path: Path, directory: Directory, gazetteer: Gazetteer
) -> None:
    path = tmp_path / "ds.csv"
    path.write_text("﻿Mã;Điện thoại\r\nvlg-so-y-te;0270 000 000\r\n", encoding="utf-8")
    plan = plan_import(path, directory, gazetteer)
    assert plan.changes[0].fields == (("phone", "", "0270 000 000"),)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"\x00\x01\x02",
        b"\xff\xfe\x00",
        b"foo,bar\n1,2\n",
        b"code,code\n1,2\n",
        b"phone\n1\n",
        b"PK\x03\x04 not a workbook",
    ],
)
def test_a_file_that_is_no_list_is_refused_whole(
    tmp_path: Path, directory: Directory, gazetteer: Gazetteer, content: bytes
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(DataFault):
        plan_import(path, directory, gazetteer)


def test_an_archive_that_is_no_workbook_is_refused(
    tmp_path: Path, directory: Directory, gazetteer: Gazetteer
) -> None:
    path = tmp_path / "x.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<broken")
    with pytest.raises(DataFault):
        plan_import(path, directory, gazetteer)


def test_an_interrupted_write_leaves_the_overlay_as_it_was(
    tmp_path: Path, directory: Directory, gazetteer: Gazetteer
) -> None:
    folder = tmp_path / "directory"
    plan = plan_import(listed(tmp_path, "vlg-thue,,,Thuế mới,,,,,,,"), directory, gazetteer)
    path = write_overlay(plan, folder, directory.province)
    before = path.read_bytes()
    write_overlay(plan, folder, directory.province)
    assert path.read_bytes() == before
    assert [p.name for p in folder.iterdir()] == ["vinh-long.csv"]


def test_lint_names_what_leads_to_two_bodies(
    tmp_path: Path, directory: Directory, gazetteer: Gazetteer
) -> None:
    known = {clash.name for clash in clashing_names(directory, TODAY)}
    assert "UBND huyện Châu Thành" in known
    assert not any(name.startswith("Sở") for name in known)
    path = tmp_path / "x.csv"
    path.write_text("code,aliases\nvlg-so-y-te,Sở XD|Sở YT\n", encoding="utf-8")
    after = written(plan_import(path, directory, gazetteer), tmp_path, directory, gazetteer)
    clashes = {clash.name: clash.codes for clash in clashing_names(after, TODAY)}
    (fresh,) = set(clashes) - known
    assert set(clashes[fresh]) == {"vlg-so-xay-dung", "vlg-so-y-te"}


def test_the_commands_answer_in_lines(tmp_path: Path) -> None:
    shown = tiepdan("agencies", "show", "vlg-tra-vinh-so-giao-thong-van-tai", data=tmp_path)
    assert "today: vlg-so-xay-dung" in shown.output.splitlines()
    rows = tiepdan("agencies", "list", "--class", "ubnd-xa", "--on", "2026-11-21", data=tmp_path)
    assert len(rows.output.splitlines()) == 124
    found = tiepdan("agencies", "find", "so gtvt tra vinh", data=tmp_path)
    assert "vlg-so-xay-dung" in found.output
    linted = tiepdan("agencies", "lint", data=tmp_path)
    assert (linted.exit_code, tiepdan("agencies", "lint", "--strict", data=tmp_path).exit_code) == (
        0,
        1,
    )
    assert tiepdan("agencies", "list", "--class", "moon", data=tmp_path).exit_code == 2
