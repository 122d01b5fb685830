"""Letters: filled from reviewed templates, and unable to print a denouncer."""

import io
import re
import zipfile
from contextlib import closing
from dataclasses import fields
from datetime import timedelta

import pytest

from admin.letters.letters import (
    LetterFields,
    LetterInput,
    letters,
    letters_for,
    vietnamese_day,
    write_letter,
)
from intake import actions
from intake.errors import InvalidInput, LawRefuses, NotFound, WrongStatus
from intake.petition import Petitioner, PetitionKind
from intake.status import PetitionStatus, Role
from tests import factories
from tests.factories import NOW, TODAY, accepted, file, file_signed, officer

# A day after everything that is done to the petitions here.
AT = NOW + timedelta(days=3)
ON = TODAY + timedelta(days=3)
CANARY = Petitioner(name="Canary Tố Giác", address="số 7 đường Canary", phone="0999999999")
GIVEN = LetterInput(
    summary="Môi trường & <rác> {{ 7*7 }}",
    number="15",
    ground="Đã hết thời hiệu",
    explanation="Kèm đơn.",
    documents="01 bản sao quyết định",
    signer="Trần Văn Ký",
)


@pytest.fixture
def office(sqlite_url, tmp_path):
    built = factories.build_office(sqlite_url, tmp_path)
    with closing(built.store):
        yield built


def text_of(document):
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        parts = [archive.read(n).decode() for n in archive.namelist() if n.endswith(".xml")]
    return re.sub(r"<[^>]+>", "", " ".join(parts))


def write(office, petition, code, given=GIVEN, by=None):
    by = by or officer(office, Role.HEAD, agency=petition.agency, denunciations=True)
    with office.store.read() as tx:
        return text_of(write_letter(office, tx, by, petition, code, given, today=ON))


def at_each_status(office, kind):
    """The petition of one kind in each status a letter can be written in."""
    yield file_signed(office, kind, petitioners=(CANARY,))
    yield accepted(office, kind, petitioners=(CANARY,))
    by = officer(office, Role.HEAD, denunciations=True)
    withdrawn = accepted(office, kind, petitioners=(CANARY,))
    with office.store.write() as tx:
        yield actions.withdraw(office, tx, withdrawn.reference, officer=by, now=NOW)


def test_every_letter_is_written_and_leaves_no_gap(office):
    seen = set()
    target = factories.agency_of(office, "so-y-te")
    for kind in (PetitionKind.KN, PetitionKind.TC, PetitionKind.KNPA):
        for petition in at_each_status(office, kind):
            for letter in letters_for(petition):
                seen.add(letter.code)
                given = LetterInput(**{**GIVEN.__dict__, "target": target})
                text = write(office, petition, letter.code, given)
                assert petition.reference in text
                assert "{%" not in text
                assert "None" not in text
    answered = file(office)
    with office.store.write() as tx:
        answered = actions.answer(
            office,
            tx,
            officer(office),
            answered.reference,
            actions.Answer("Đã sửa đường."),
            now=NOW,
        )
    assert "Đã sửa đường." in write(office, answered, "thong-bao-tra-loi")
    assert seen | {"thong-bao-tra-loi"} == set(letters())


def test_no_letter_about_a_denunciation_prints_the_denouncer(office):
    for petition in at_each_status(office, PetitionKind.TC):
        for letter in letters_for(petition):
            given = LetterInput(
                **{**GIVEN.__dict__, "target": factories.agency_of(office, "thanh-tra")}
            )
            assert "Canary" not in write(office, petition, letter.code, given)


def test_a_complainant_s_letter_names_the_complainant(office):
    petition = file_signed(office, PetitionKind.KN, petitioners=(CANARY,))
    assert "Canary Tố Giác" in write(office, petition, "phieu-de-xuat-thu-ly")


def test_what_an_officer_typed_is_printed_as_typed_and_never_run(office):
    petition = file_signed(office, PetitionKind.KN)
    text = write(office, petition, "phieu-de-xuat-thu-ly")
    assert "Môi trường &amp; &lt;rác&gt; {{ 7*7 }}" in text
    assert "49" not in text


def test_a_letter_for_another_kind_or_status_is_refused(office):
    petition = file(office)
    with pytest.raises(WrongStatus):
        write(office, petition, "quyet-dinh-gia-han")
    with pytest.raises(NotFound):
        write(office, petition, "khong-co")


def test_a_letter_asks_for_what_only_the_officer_knows(office):
    petition = file_signed(office, PetitionKind.KN)
    with pytest.raises(InvalidInput):
        write(office, petition, "phieu-huong-dan", LetterInput(summary="x"))
    with pytest.raises(InvalidInput):
        write(office, petition, "phieu-de-xuat-thu-ly", LetterInput(summary=" "))


def test_a_stranger_writes_no_letter(office):
    petition = file_signed(office, PetitionKind.KN)
    stranger = officer(office, agency=factories.agency_of(office, "so-y-te"))
    with pytest.raises(NotFound):
        write(office, petition, "phieu-de-xuat-thu-ly", by=stranger)


def test_templates_print_nothing_but_the_known_fields():
    known = {field.name for field in fields(LetterFields)}
    for letter in letters().values():
        with zipfile.ZipFile(letter.template) as archive:
            raw = re.sub(r"<[^>]+>", "", archive.read("word/document.xml").decode())
        used = set(re.findall(r"\{\{\s*(\w+)", raw)) | set(re.findall(r"\{%\s*if\s+(\w+)", raw))
        assert used <= known, letter.code
        assert letter.citation


def test_days_are_written_the_official_way():
    assert [
        vietnamese_day(day)
        for day in (TODAY.replace(day=7, month=6), TODAY.replace(day=5, month=2))
    ] == [
        "07/6/2026",
        "05/02/2026",
    ]


def test_every_status_of_a_letter_can_occur():
    assert all(PetitionStatus(s) for letter in letters().values() for s in letter.statuses)


# ---- dates and laws of a letter -------------------------------------------------------------


def dated(office, petition, code, on=ON):
    by = officer(office, Role.HEAD, agency=petition.agency, denunciations=True)
    with office.store.read() as tx:
        return text_of(write_letter(office, tx, by, petition, code, GIVEN, today=on))


def extended(office, petition, at):
    by = officer(office, Role.HEAD, agency=petition.agency, denunciations=True)
    with office.store.write() as tx:
        return actions.extend(
            office, tx, by, petition.reference, document_number="15/QĐ",
            criteria=["TC-3-1", "TC-3-2"], now=at,
        )  # fmt: skip


def test_a_decision_to_extend_names_the_end_of_the_extended_term_before_and_after_recording(office):
    # Accepted on 4 November: 30 days end on 4 December, 30 more on Sunday 3 January 2027.
    petition = accepted(office, PetitionKind.TC)
    assert "đến hết ngày 04/01/2027" in dated(office, petition, "quyet-dinh-gia-han")
    recorded = extended(office, petition, AT)
    assert "đến hết ngày 04/01/2027" in dated(office, recorded, "quyet-dinh-gia-han")
    later = ON + timedelta(days=20)
    second = dated(office, recorded, "quyet-dinh-gia-han", later)
    assert "đến hết ngày 02/02/2027" in second
    assert "04/01/2027" not in second


def test_a_third_decision_to_extend_is_not_written(office):
    petition = accepted(office, PetitionKind.TC)
    for days in (5, 20):
        petition = extended(office, petition, NOW + timedelta(days=days))
    with pytest.raises(LawRefuses) as refused:
        dated(office, petition, "quyet-dinh-gia-han", TODAY + timedelta(days=30))
    assert refused.value.values["rule"] == "extension_used_up"


def test_a_notice_of_acceptance_names_the_end_of_the_settling_term(office):
    complaint = dated(office, accepted(office, PetitionKind.KN), "thong-bao-thu-ly")
    assert "Thời hạn giải quyết: đến hết ngày 04/12/2026" in complaint
    assert "Luật Tố cáo" not in complaint
    denunciation = dated(office, accepted(office, PetitionKind.TC), "thong-bao-thu-ly")
    assert "Thời hạn giải quyết: đến hết ngày 04/12/2026" in denunciation
    assert "Luật Khiếu nại" not in denunciation
    assert "Kính gửi: Người tố cáo" in denunciation


@pytest.mark.parametrize("kind", [PetitionKind.KN, PetitionKind.TC])
def test_no_letter_cites_the_law_on_the_other_kind(office, kind):
    other = "Luật Tố cáo" if kind is PetitionKind.KN else "Luật Khiếu nại"
    target = factories.agency_of(office, "so-y-te")
    for petition in at_each_status(office, kind):
        for letter in letters_for(petition):
            given = LetterInput(**{**GIVEN.__dict__, "target": target})
            assert other not in write(office, petition, letter.code, given), letter.code
