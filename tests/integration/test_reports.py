"""Reports on real databases: the section, the forms, zero cases, snapshots, documents, commands."""

import io
import json
import shutil
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner
from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from openpyxl import load_workbook

from admin import report_commands
from admin.reports.bodies import units_of
from admin.reports.check import check_totals
from admin.reports.docx import to_docx
from admin.reports.drill import rows_behind
from admin.reports.figures import figures_of, stored_cells, stored_records
from admin.reports.forms import build_forms, forms_payload
from admin.reports.markdown import to_markdown
from admin.reports.numbers import grouped, n
from admin.reports.payload import section_payload
from admin.reports.phrases import plain
from admin.reports.section import build_section
from admin.reports.sending import ReportBlocked, check_may_be_sent
from admin.reports.totals import read_totals
from admin.reports.xlsx import to_xlsx
from intake import actions, register
from intake.errors import InvalidInput
from intake.periods import resolve_period
from intake.petition import PetitionKind, Source
from intake.register import DayForm, VisitForm
from intake.status import Role
from tests import factories
from tests.factories import file, officer

BUILDING = "vlg-so-xay-dung"
TODAY = date(2026, 11, 21)
DRAFTED = datetime(2026, 11, 21, 2, tzinfo=UTC)
ADDRESS = "https://tiepdan.example"


@pytest.fixture
def office(database_url, tmp_path):
    built = factories.build_office(database_url, tmp_path)
    with closing(built.store):
        yield built


@pytest.fixture
def commune(office):
    return next(a.code for a in office.directory.on(TODAY) if a.agency_class == "ubnd-xa")


def do(office, action, *arguments, now=DRAFTED, **named):
    with office.store.write() as tx:
        return action(office, tx, *arguments, now=now, **named)


def period(text="2026-Q3", regime="ttcp", today=TODAY):
    return resolve_period(text, regime, today=today)


def figures(office, agency=BUILDING, chosen=None, today=TODAY, **options):
    with office.store.read() as tx:
        return figures_of(office, tx, agency, chosen or period(), today=today, **options)


def section(office, agency=BUILDING, chosen=None, **options):
    found = figures(office, agency, chosen, **options)
    with office.store.read() as tx:
        days = register.list_days(
            tx, agency, first=found.period.first_day, last=found.period.last_day
        )
    return build_section(found, days, now=DRAFTED)


def text(made):
    return "\n".join(plain(paragraph.runs) for paragraph in made.paragraphs)


def visits(office, agency, number, on, *, by="staff", people=1):
    form = VisitForm("regular" if by == "staff" else "periodic", by, people=people, on=on)
    clerk = officer(office, Role.AGENCY_CLERK, agency=agency)
    with office.store.write() as tx:
        for _ in range(number):
            register.record_visit(office, tx, clerk, form, now=DRAFTED)


def at(day):
    return datetime(day.year, day.month, day.day, 3, tzinfo=UTC)


def confirm_all(office, agency, chosen=None):
    stated = figures(office, agency, chosen).zeros
    reporter = officer(office, Role.REPORTING, agency=agency)
    return do(office, register.confirm_zero, reporter, chosen or period(), stated)


@pytest.fixture
def busy(office):
    """The full quarter on each engine, for tests that change it."""
    return filled(office)


@pytest.fixture(scope="module")
def finished(_sqlite_template, tmp_path_factory):
    """The full quarter once, for tests that only read it."""
    folder = tmp_path_factory.mktemp("finished")
    shutil.copyfile(_sqlite_template, folder / "tiepdan.sqlite3")
    built = factories.build_office(f"sqlite:///{folder / 'tiepdan.sqlite3'}", folder)
    with closing(built.store):
        yield filled(built)


def filled(office):
    """A third quarter with visits of both regimes, a group, petitions, decisions and documents."""
    head = officer(office, Role.HEAD, agency=BUILDING)
    clerk = officer(office, Role.AGENCY_CLERK, agency=BUILDING)
    for on in (date(2026, 6, 25), date(2026, 7, 23), date(2026, 8, 20)):
        do(
            office,
            register.schedule_day,
            head,
            DayForm(
                on=on, notice_number="12/TB-SXD", notice_on=date(2026, 1, 9), posted_at="trụ sở"
            ),
        )
    visits(office, BUILDING, 9, date(2026, 7, 1))
    visits(office, BUILDING, 1, date(2026, 6, 25), by="head", people=6)
    visits(office, BUILDING, 1, date(2026, 7, 23), by="head")
    with office.store.read() as tx:
        last = register.list_days(tx, BUILDING, first=date(2026, 8, 20), last=date(2026, 8, 20))[0]
    do(office, register.record_day, clerk, last.uid, held=True, nobody_came=True)
    do(
        office,
        register.record_entry,
        clerk,
        "reception_document",
        {"type": "conclusion_notice", "number": "3/TB"},
        on=date(2026, 7, 25),
    )
    june = date(2026, 6, 22)
    signed = {"source": Source.POST, "signed_on": june, "fields": ("land",)}
    complaint = file(office, PetitionKind.KN, now=at(june), **signed)
    do(office, actions.accept, clerk, complaint.reference, now=at(june + timedelta(days=3)))
    decision = actions.Answer(
        "Công nhận một phần",
        "88/QĐ",
        "partly_true",
        remedies={"returned_money": 120.5, "returned_people": 2},
    )
    do(office, actions.answer, clerk, complaint.reference, decision, now=at(date(2026, 7, 12)))
    file(office, PetitionKind.KN, now=at(date(2026, 7, 2)))
    for number in range(3):
        proposal = file(office, now=at(date(2026, 7, 2 + number)))
        if number:
            do(office, actions.accept, clerk, proposal.reference, now=at(date(2026, 7, 20)))
    confirm_all(office, BUILDING)
    return office


# ---- zero cases -----------------------------------------------------------------------------


def test_z4_an_agency_that_recorded_nothing_has_no_numbers_and_no_report(office, commune):
    made = section(office, commune)
    assert made.figures.missing
    assert [found.rule for found in made.figures.findings] == ["Z4"]
    assert "Chưa có số liệu" in text(made)
    assert "không phát sinh" not in text(made)
    payload = section_payload(made)
    assert {row["value"] for row in payload["numbers"].values()} == {None}
    for working_copy in (True, False):
        with pytest.raises(ReportBlocked):
            check_may_be_sent(made.figures, working_copy=working_copy, draft=False)


def test_z1_announced_days_nobody_came_to_are_said_so_once_confirmed(office, commune):
    head = officer(office, Role.HEAD, agency=commune)
    for on in (date(2026, 7, 9), date(2026, 8, 6)):
        day = do(office, register.schedule_day, head, DayForm(on=on))
        do(office, register.record_day, head, day.uid, held=True, nobody_came=True)
    before = section(office, commune)
    assert "Chưa được cán bộ xác nhận" in text(before)
    with pytest.raises(ReportBlocked):
        check_may_be_sent(before.figures, working_copy=False, draft=False)
    confirm_all(office, commune)
    after = section(office, commune)
    assert "đã bố trí 02 ngày tiếp công dân định kỳ" in text(after)
    assert "không có công dân đến" in text(after)
    assert "Chưa được cán bộ xác nhận" not in text(after)
    assert after.ready
    assert figures(office, commune).value("01/TCD.c10") == 2


def test_z2_nothing_at_all_is_a_statement_an_officer_makes(office, commune):
    reporter = officer(office, Role.REPORTING, agency=commune)
    stated = ("01/TCD.c1", "02/XLD.c1", "03/GQKN.c7", "04/GQTC.c7")
    do(office, register.confirm_zero, reporter, period(), stated)
    made = section(office, commune)
    assert not made.figures.missing
    assert "không phát sinh lượt tiếp công dân và không tiếp nhận đơn" in text(made)
    assert made.ready


def test_z3_one_empty_kind_is_named_and_never_printed_as_00(finished):
    shown = text(section(finished))
    assert "Tố cáo: không phát sinh." in shown
    assert "Tiếp đột xuất: không phát sinh" in shown
    assert "00 " not in shown


def test_a_zero_that_comes_after_the_confirmation_needs_one_of_its_own(busy):
    with busy.store.read() as tx:
        found = register.list_visits(tx, BUILDING)
    clerk = officer(busy, Role.AGENCY_CLERK, agency=BUILDING)
    for visit in found:
        do(busy, register.void_visit, clerk, visit.uid, reason="wrong_data")
    assert "01/TCD.c1" in figures(busy).unconfirmed
    assert any(found.rule == "Z" for found in figures(busy).blocking)


# ---- the section ----------------------------------------------------------------------------


def test_the_section_says_what_was_counted(finished):
    shown = text(section(finished))
    assert "Sở Xây dựng đã tiếp 11 lượt với 16 người, liên quan 11 vụ việc" in shown
    assert "Tiếp thường xuyên: 09 lượt/09 người/09 vụ việc" in shown
    assert "Tiếp định kỳ: 03 ngày của Giám đốc Sở, 02 lượt/07 người/02 vụ việc" in shown
    assert "01 đoàn với 06 người" in shown
    assert "Thông báo số 12/TB-SXD ngày 09/01/2026" in shown
    assert "Đã xử lý 03/04 đơn, đạt 75%" in shown
    assert "trả lại cho tổ chức, cá nhân 120,5 triệu đồng" in shown
    assert "01 tin nhắn có nội dung khiếu nại" in shown
    assert "Số liệu từ ngày 15/6/2026 đến ngày 14/9/2026" in shown


def test_text_table_and_form_show_the_same_numbers(finished):
    made = section(finished)
    for paragraph in made.paragraphs:
        for run in paragraph.runs:
            if run.number:
                value = made.figures.value(run.number)
                assert run.text in (n(value), grouped(value))
    for row in made.summary.rows:
        assert row[3].text == grouped(made.figures.value(row[3].number))
    book = build_forms(made.figures, now=DRAFTED)
    for form in book.forms.forms:
        for column in form.columns:
            assert book.rows[-1].value(column) == made.figures.value(column.cell)


def test_judgement_is_left_to_the_officer(finished):
    made = section(finished)
    blanks = [run for p in made.paragraphs for run in p.runs if run.style == "blank"]
    assert len(blanks) >= 4
    for word in ("nghiêm túc", "kịp thời", "cơ bản ổn định", "hiệu quả", "hơn ", "khoảng "):
        assert word not in text(made)


def test_a_quarter_has_fewer_parts_than_a_year(busy):
    visits(busy, BUILDING, 1, date(2026, 2, 2))

    def headings(label):
        made = section(busy, chosen=period(label))
        return [plain(p.runs) for p in made.paragraphs if p.kind == "heading2"]

    assert len(headings("2026-Q3")) == 3
    assert any("Đối thoại" in heading for heading in headings("2026-6T"))
    year = section(busy, chosen=period("2026-NAM"))
    assert year.trend is not None
    assert len(year.trend.rows) == 4
    assert [row[1].text for row in year.trend.rows] == ["1", "0", "11", "0"]


def test_a_period_without_cut_off_prints_the_day_its_data_end(office):
    chosen = period("2026-Q4", "dan-van")
    visits(office, BUILDING, 1, date(2026, 11, 3))
    made = section(office, chosen=chosen)
    assert "tính đến hết ngày 20/11/2026" in text(made)
    assert "W06" in [found.rule for found in made.figures.findings]


def test_a_new_agency_is_not_compared_with_a_year_in_which_it_did_not_exist(office):
    visits(office, BUILDING, 1, date(2026, 1, 5))
    made = section(office, chosen=period("2026-Q1"))
    assert made.figures.baseline.values is None
    assert "W01" in [found.rule for found in made.figures.findings]
    assert "cùng kỳ" not in text(made)


def test_with_last_years_records_the_section_compares(office):
    last_year, this_year = date(2025, 9, 20), date(2026, 9, 20)
    visits(office, BUILDING, 12, last_year)
    visits(office, BUILDING, 9, this_year)
    made = section(office, chosen=period("2026-Q4"))
    assert "giảm 03 lượt (25%) so với cùng kỳ năm trước (09/12)" in text(made)
    row = next(row for row in made.summary.rows if row[0].text == "1")
    assert [cell.text for cell in row[3:7]] == ["9", "12", "-3", "-25"]


def test_without_records_last_year_nothing_is_compared(office):
    visits(office, BUILDING, 9, date(2026, 9, 20))
    made = section(office, chosen=period("2026-Q4"))
    assert "cùng kỳ" not in text(made)
    assert "W01" in [found.rule for found in made.figures.findings]


def test_too_few_days_of_the_head_are_noticed_by_the_rule_of_their_time(office, commune):
    head = officer(office, Role.HEAD, agency=commune)
    day = do(office, register.schedule_day, head, DayForm(on=date(2026, 7, 9)))
    do(office, register.record_day, head, day.uid, held=True, nobody_came=True)
    duty = [f for f in figures(office, commune).findings if f.rule == "W03"]
    assert len(duty) == 1
    assert "Luật 136/2025/QH15" in duty[0].text


# ---- drill-down -----------------------------------------------------------------------------


def test_every_number_opens_exactly_the_records_it_is_made_of(finished):
    found = figures(finished)
    reporter = officer(finished, Role.REPORTING, agency=BUILDING)
    with finished.store.read() as tx:
        for number in found.numbers.values():
            rows = rows_behind(finished, tx, reporter, found, number)
            assert sum(row.amount for row in rows) == number.value
            assert all(row.kind for row in rows)
            assert all(row.petition == "" for row in rows), "reporting staff open no petition"


def test_a_clerk_may_open_the_petition_behind_a_number(finished):
    found = figures(finished)
    clerk = officer(finished, Role.AGENCY_CLERK, agency=BUILDING)
    with finished.store.read() as tx:
        rows = rows_behind(finished, tx, clerk, found, found.numbers["02/XLD.c1"])
    assert all(row.petition == row.ref for row in rows)


def test_no_name_and_no_text_is_in_any_output(finished):
    made = section(finished)
    everything = json.dumps(section_payload(made), ensure_ascii=False) + to_markdown(made)
    everything += json.dumps(
        forms_payload(build_forms(made.figures, now=DRAFTED)), ensure_ascii=False
    )
    for secret in ("Thử Nghiệm", "0900000001", "ấp Thử", "xe buýt"):
        assert secret not in everything


# ---- snapshots ------------------------------------------------------------------------------


def fixed(office, note=""):
    found = figures(office, live=True)
    reporter = officer(office, Role.REPORTING, agency=BUILDING)
    return do(
        office,
        register.take_snapshot,
        reporter,
        period(),
        scope="own",
        form_set=found.forms.code,
        cells=stored_cells(found.numbers),
        records=stored_records(found.numbers),
        note=note,
    )


def test_a_late_entry_never_changes_a_sent_report(busy):
    before = figures(busy).value("01/TCD.c1")
    fixed(busy)
    visits(busy, BUILDING, 2, date(2026, 7, 3))
    after = figures(busy)
    assert after.value("01/TCD.c1") == before
    assert "01/TCD.c1" in after.late
    assert figures(busy, live=True).value("01/TCD.c1") == before + 2
    assert str(after.value("03/GQKN.c15")) == "120.5"


def test_a_correction_says_why(busy):
    first = fixed(busy)
    visits(busy, BUILDING, 2, date(2026, 7, 3))
    with pytest.raises(InvalidInput):
        fixed(busy)
    second = fixed(busy, note="Bổ sung hai lượt tiếp ghi muộn")
    assert second.uid != first.uid
    assert figures(busy).value("01/TCD.c1") == 13


def test_e08_the_carry_over_must_be_what_the_last_report_left(busy):
    fixed(busy)
    before = figures(busy).value("petitions.unprocessed")
    visits(busy, BUILDING, 1, date(2026, 9, 20))
    rules = [f.rule for f in figures(busy, chosen=period("2026-Q4")).findings]
    assert "E08" not in rules
    late = datetime(2026, 9, 10, 3, tzinfo=UTC)
    file(busy, now=late)
    found = figures(busy, chosen=period("2026-Q4"))
    assert found.value("petitions.carried") == before + 1
    assert "E08" in [f.rule for f in found.findings]


# ---- documents ------------------------------------------------------------------------------


def opened(office, **options):
    return Document(io.BytesIO(to_docx(section(office, **options), public_url=ADDRESS)))


def test_the_document_keeps_paper_margins_font_and_page_number(finished):
    document = opened(finished)
    sheet = document.sections[0]
    assert (round(sheet.page_width.mm), round(sheet.page_height.mm)) == (210, 297)
    margins = (sheet.top_margin, sheet.bottom_margin, sheet.left_margin, sheet.right_margin)
    assert [round(margin.mm) for margin in margins] == [20, 20, 30, 15]
    assert document.styles["Normal"].font.name == "Times New Roman"
    assert sheet.different_first_page_header_footer
    number = sheet.header.paragraphs[0]
    assert number.alignment == WD_ALIGN_PARAGRAPH.CENTER
    assert "PAGE" in number._p.xml
    assert "PAGE" not in sheet.first_page_header.paragraphs[0]._p.xml
    assert document.core_properties.author == "Sở Xây dựng"


def test_the_letterhead_has_all_its_parts_in_their_sizes(finished):
    document = opened(finished)
    grid = document.tables[0]
    right = grid.cell(0, 1).paragraphs
    nation, motto = right[0].runs[0], right[1].runs[0]
    assert nation.text == "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
    assert nation.bold
    assert motto.text == "Độc lập - Tự do - Hạnh phúc"
    assert (nation.font.size.pt, motto.font.size.pt) == (12, 13)
    assert "w:pBdr" in right[2]._p.xml, "the line under the motto"
    left = [p.text for p in grid.cell(0, 0).paragraphs]
    assert left[:3] == ["ỦY BAN NHÂN DÂN", "TỈNH VĨNH LONG", "SỞ XÂY DỰNG"]
    place = grid.cell(1, 1).paragraphs[0]
    assert place.text.startswith("Vĩnh Long, ngày ")
    assert place.runs[0].italic
    assert grid.cell(1, 0).text.startswith("Số:")
    last = document.tables[1]
    assert last.cell(0, 0).paragraphs[0].text == "Nơi nhận:"
    assert last.cell(0, 1).paragraphs[0].text == "GIÁM ĐỐC"


def test_a_commune_signs_for_its_committee_and_names_its_place(office, commune):
    visits(office, commune, 1, date(2026, 7, 1))
    document = opened(office, agency=commune)
    left = [p.text for p in document.tables[0].cell(0, 0).paragraphs]
    assert left[0] == "ỦY BAN NHÂN DÂN"
    assert left[1].startswith(("XÃ ", "PHƯỜNG "))
    assert "/BC-UBND" in document.tables[0].cell(1, 0).text
    signer = [p.text for p in document.tables[1].cell(0, 1).paragraphs]
    assert signer[:2] == ["TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"]


def test_body_text_is_justified_with_an_indent_and_ends_with_the_mark(finished):
    document = opened(finished)
    body = [p for p in document.paragraphs if p.text.startswith("Trong kỳ, Sở Xây dựng")]
    assert len(body) == 1
    assert body[0].alignment == WD_ALIGN_PARAGRAPH.JUSTIFY
    assert round(body[0].paragraph_format.first_line_indent.cm, 2) == 1.27
    assert body[0].paragraph_format.space_before.pt == 6
    assert any(p.text.endswith("./.") for p in document.paragraphs)


def test_numbers_in_the_document_link_to_the_records_behind_them(finished):
    document = opened(finished)
    targets = {
        rel.target_ref for rel in document.part.rels.values() if rel.reltype.endswith("/hyperlink")
    }
    wanted = f"{ADDRESS}/console/reports/{BUILDING}/ttcp/2026-Q3/numbers/01-TCD.c1"
    assert wanted in targets
    links = document.element.body.findall(f".//{qn('w:hyperlink')}")
    assert len(links) > 30


def test_a_draft_is_marked_as_such(office):
    visits(office, BUILDING, 1, date(2026, 7, 1))
    made = section(office)
    assert not made.ready
    assert "DỰ THẢO" in to_markdown(made)
    document = Document(io.BytesIO(to_docx(made)))
    assert any("DỰ THẢO" in p.text for p in document.paragraphs)


def test_the_workbook_holds_six_forms_and_the_checked_relations(finished):
    book = build_forms(figures(finished), now=DRAFTED)
    workbook = load_workbook(io.BytesIO(to_xlsx(book)))
    assert workbook.sheetnames == [
        "01-TCD",
        "02-XLD",
        "03-GQKN",
        "04-GQTC",
        "05-KQTH",
        "06-QLKNTC",
        "Kiểm tra",
    ]
    sheet = workbook["01-TCD"]
    assert sheet["A3"].value == "Số liệu tính từ ngày 15/6/2026 đến ngày 14/9/2026"
    formulas = [
        cell.coordinate
        for each in workbook
        for row in each.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]
    assert formulas == []
    checks = list(workbook["Kiểm tra"].iter_rows(min_row=2, values_only=True))
    assert len(checks) == len(book.forms.relations)
    assert {row[6] for row in checks} == {"đúng"}


@pytest.mark.parametrize("kind", ["xlsx", "json"])
def test_the_check_reads_back_the_forms_it_wrote(finished, kind):
    book = build_forms(figures(finished), now=DRAFTED)
    content = to_xlsx(book) if kind == "xlsx" else json.dumps(forms_payload(book)).encode()
    totals = read_totals(content)
    assert totals.cells["01/TCD.c1"] == 11
    assert len(totals.cells) == sum(len(form.columns) for form in book.forms.forms)
    assert [f.rule for f in check_totals(totals, today=TODAY)] == []


def test_a_roll_up_counts_units_once_and_shows_those_that_sent_nothing(busy, commune):
    visits(busy, commune, 2, date(2026, 7, 1))
    found = figures(busy, agency="vlg-ubnd-tinh", scope="all")
    assert found.value("01/TCD.c1") == 13
    rows = {unit.code: unit for unit in found.units}
    assert rows[commune].numbers["01/TCD.c1"].value == 2
    assert rows["vlg-so-noi-vu"].missing
    assert "Z4" in [f.rule for f in found.blocking]
    book = forms_payload(build_forms(found, now=DRAFTED))
    silent = next(r for r in book["forms"][0]["rows"] if r["unit"] == "vlg-so-noi-vu")
    assert silent["cells"]["c1"]["value"] is None


def test_central_bodies_in_the_province_are_not_added(office):
    codes = units_of(office.directory, "vlg-ubnd-tinh", "all", TODAY)
    levels = {office.directory.get(code).level for code in codes}
    assert levels == {"province", "commune"}
    assert len([c for c in codes if office.directory.get(c).level == "commune"]) == 124


# ---- commands -------------------------------------------------------------------------------


@pytest.fixture
def run(finished, monkeypatch):
    monkeypatch.setenv("TIEPDAN_DATABASE_URL", finished.settings.database_url)
    monkeypatch.setenv("TIEPDAN_DATA_DIR", str(finished.settings.data_dir))

    def invoke(*arguments):
        return CliRunner().invoke(report_commands.report, [str(a) for a in arguments])

    return invoke


@pytest.mark.parametrize("form", ["json", "docx", "md"])
def test_the_command_writes_the_section(run, tmp_path, form):
    target = tmp_path / f"out.{form}"
    done = run(
        "section",
        "--agency",
        BUILDING,
        "--period",
        "2026-Q3",
        "--regime",
        "ttcp",
        "--format",
        form,
        "--as-of",
        "2026-11-21",
        "-o",
        target,
    )
    assert done.exit_code == 0, done.output
    assert target.stat().st_size > 1_000


def test_the_json_holds_every_number_with_records_and_link(run, tmp_path):
    target = tmp_path / "out.json"
    run(
        "section",
        "--agency",
        BUILDING,
        "--period",
        "2026-Q3",
        "--regime",
        "ttcp",
        "--format",
        "json",
        "-o",
        target,
    )
    payload = json.loads(target.read_text("utf-8"))
    assert payload["ready"] is True
    assert len(payload["numbers"]) > 190
    for number in payload["numbers"].values():
        assert number["link"].startswith("http")
        assert sum(record["amount"] for record in number["records"]) == number["value"]


@pytest.mark.parametrize("form", ["json", "xlsx"])
def test_the_command_writes_the_forms(run, tmp_path, form):
    target = tmp_path / f"forms.{form}"
    done = run("forms", "--agency", BUILDING, "--period", "2026-Q3", "--format", form, "-o", target)
    assert done.exit_code == 0, done.output
    assert run("check", target).exit_code == 0


def test_missing_data_block_every_format_unless_a_draft_is_asked_for(run, tmp_path):
    commune = "vlg-so-noi-vu"
    for form in ("json", "docx", "md"):
        target = tmp_path / f"none.{form}"
        asked = (
            "section",
            "--agency",
            commune,
            "--period",
            "2026-Q3",
            "--regime",
            "ttcp",
            "--format",
            form,
            "-o",
            target,
        )
        refused = run(*asked)
        assert refused.exit_code == 1
        assert isinstance(refused.exception, ReportBlocked)
        assert not target.exists()
        assert run(*asked, "--draft").exit_code == 0
        assert target.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        ("--agency", "nope", "--period", "2026-Q3"),
        ("--agency", BUILDING, "--period", "2026-Q9"),
        ("--agency", BUILDING, "--period", "2026-Q3", "--regime", "nope"),
        ("--agency", BUILDING, "--period", "2030-Q3"),
    ],
)
def test_a_wrong_agency_period_or_regime_is_refused_in_one_line(run, tmp_path, wrong):
    from intake.errors import IntakeError

    refused = run("section", *wrong, "--format", "json", "-o", tmp_path / "x.json")
    assert refused.exit_code == 1
    assert isinstance(refused.exception, IntakeError)


def test_check_prints_a_line_a_rule_and_exits_1_only_for_e_rules(run, tmp_path):
    file_ = tmp_path / "totals.json"

    def checked(table):
        file_.write_text(json.dumps(table) if isinstance(table, dict) else table, "utf-8")
        done = run("check", file_)
        return done.exit_code, done.stdout.strip().splitlines()

    e01 = {
        "reception": {
            "total": {"visits": 419},
            "regular": {"visits": 78},
            "periodic": {"visits": 342},
        }
    }
    code, lines = checked(e01)
    assert (code, len(lines)) == (1, 1)
    assert lines[0].startswith("E01 lượt: ")
    code, lines = checked({"reception": {"total": {"visits": 1, "cases": 2}}})
    assert (code, lines[0][:5]) == (0, "W-E04")
    assert checked({"reception": None}) == (0, [])
    for malformed in ("{", "[]", '{"reception": 3}', ""):
        code, lines = checked(malformed)
        assert (code, lines) == (2, [])
