"""The papers an office already has: checked by row, filed once, nothing filed with a fault."""

from contextlib import closing
from datetime import date

import pytest
from sqlalchemy import func, select

from intake.errors import DataFault
from intake.petition import PetitionKind, Source
from intake.petition_import import import_petitions, plan_petitions
from intake.store.petitions import content_of, get_petition
from intake.store.tables import petitions
from tests import factories
from tests.factories import NOW

HEAD = "Số đến,Loại,Ngày nhận,Họ tên,Địa chỉ,Nội dung,Mã cơ quan\n"
COMPLAINT = "12,Khiếu nại,30/10/2026,Lê Thị Thử,ấp Thử,Khiếu nại quyết định 5/QĐ về thu hồi đất,\n"
BUS = "13,,2026-10-29,Trần Văn Mẫu,,Bà con cần mở tuyến xe buýt ra thành phố,vlg-so-xay-dung\n"


@pytest.fixture
def office(database_url, tmp_path):
    built = factories.build_office(database_url, tmp_path)
    with closing(built.store):
        yield built


def listed(tmp_path, *rows):
    path = tmp_path / "list.csv"
    path.write_text(HEAD + "".join(rows), encoding="utf-8")
    return path


def count(office):
    with office.store.read() as tx:
        return tx.execute(select(func.count()).select_from(petitions)).scalar_one()


def test_a_list_becomes_petitions_with_their_legal_day_and_people(office, tmp_path):
    plan = plan_petitions(office, listed(tmp_path, COMPLAINT, BUS), now=NOW)
    first, second = import_petitions(office, plan, now=NOW)
    with office.store.read() as tx:
        complaint, bus = get_petition(tx, first), get_petition(tx, second)
        assert content_of(tx, office.sealer, complaint).petitioners[0].name == "Lê Thị Thử"
    assert (complaint.kind, complaint.source) == (PetitionKind.KN, Source.POST)
    assert complaint.legal_received_on == date(2026, 10, 30)
    assert bus.kind is PetitionKind.KNPA
    assert bus.agency == "vlg-so-xay-dung"


def test_a_list_sent_again_files_only_what_is_new(office, tmp_path):
    import_petitions(office, plan_petitions(office, listed(tmp_path, BUS), now=NOW), now=NOW)
    plan = plan_petitions(office, listed(tmp_path, COMPLAINT, BUS), now=NOW)
    assert (len(plan.petitions), plan.known) == (1, 1)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("1,,30/10/2026,,,,\n", "text is empty"),
        ("1,,31/02/2026,,,Đường hư,\n", "received_on is no date"),
        ("1,,30/10/2030,,,Đường hư,\n", "received_on lies in the future"),
        ("1,Kêu ca,30/10/2026,,,Đường hư,\n", "kind is none"),
        ("1,,30/10/2026,,,Đường hư nặng,khong-co\n", "agency is no code"),
    ],
)
def test_a_faulty_row_is_named_by_line_and_stops_everything(office, tmp_path, row, fault):
    plan = plan_petitions(office, listed(tmp_path, BUS, row), now=NOW)
    ((line, reason),) = plan.faults
    assert line == 3
    assert fault in reason
    with pytest.raises(DataFault):
        import_petitions(office, plan, now=NOW)
    assert count(office) == 0


def test_a_list_without_the_needed_columns_is_refused(office, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("Họ tên\nLê Thị Thử\n", encoding="utf-8")
    with pytest.raises(DataFault):
        plan_petitions(office, path, now=NOW)
