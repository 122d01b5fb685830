"""A petition of several kinds may hold a denunciation: it is kept as secret as one.

Every case is a mixed petition that denounces an officer of a commune, met by those who are not
cleared for denunciations and by those who are.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from admin.dossier import Dossier, open_dossier
from admin.reports.drill import rows_behind
from admin.reports.figures import figures_of
from intake import actions
from intake.duplicates import band_keys
from intake.officers import Officer
from intake.periods import resolve_period
from intake.permissions import can_see_identity, can_view
from intake.petition import Petition, PetitionKind, Source
from intake.schedule import run_due_jobs
from intake.status import PetitionStatus, Role
from intake.store.petitions import get_petition, sharing_bands
from intake.store.tables import bands, notices
from intake.timeline import entries_of
from intake.worklist import Wanted, count_worklist, worklist
from tests.factories import NOW, TODAY, file, officer
from tests.integration.test_console import text_of
from tests.web import BUILDING, CENTRE, INSPECTORATE, Web, opened_web

MIXED = PetitionKind.MIXED
ACCUSED = "Phạm Văn Kín"
TEXT = (
    f"Tôi khiếu nại giá đền bù đất, kiến nghị sửa cầu ván, và tố cáo ông {ACCUSED}, công chức địa "
    "chính xã, nhận tiền của mấy hộ trong ấp rồi mới chịu đo đất cho họ."
)
API = "/api/v1/petitions"
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def web(database_url: str, tmp_path: Path) -> Iterator[Web]:
    with opened_web(database_url, tmp_path) as opened:
        yield opened


def mixed(web: Web, agency: str = BUILDING, **changes: Any) -> Petition:
    return file(web.office, MIXED, agency=agency, **{"text": TEXT, **changes})


def inspector(web: Web) -> Officer:
    return officer(web.office, agency=INSPECTORATE, denunciations=True)


def dossier(web: Web, by: Officer, petition: Petition) -> Dossier:
    with web.office.store.read() as tx:
        return open_dossier(web.office, tx, by, petition.reference, today=TODAY)


def settled(web: Web, petition: Petition, kind: PetitionKind = PetitionKind.KNPA) -> Petition:
    with web.office.store.write() as tx:
        return actions.reclassify(
            web.office, tx, inspector(web), petition.reference, kind=kind, now=LATER
        )


def alike(web: Web, petition: Petition) -> bool:
    with web.office.store.read() as tx:
        return petition.id in sharing_bands(tx, band_keys(TEXT))


# ---- officers who are not cleared ------------------------------------------------------------


@pytest.mark.parametrize("username", ["clerk", "head", "desk", "colleague"])
def test_a_mixed_petition_does_not_exist_for_who_is_not_cleared(web: Web, username: str) -> None:
    petition = mixed(web)
    api, console = web.api(username), web.console(username)
    listed = api.get(API).json()
    assert (listed["items"], listed["total"]) == ([], 0)
    for path in ("", "/timeline", "/notices", "/letters"):
        assert api.get(f"{API}/{petition.reference}{path}").status_code == 404
    assert console.get(f"/console/petitions/{petition.reference}").status_code == 404
    for path in ("/console/petitions?tab=all", "/console/overview", "/console/notices"):
        shown = console.get(path).text
        assert petition.reference not in shown
        assert ACCUSED not in shown
    refused = api.post(
        f"{API}/{petition.reference}/identity", json={"reason": "contact_petitioner"}
    )
    assert refused.status_code == 404


def test_who_is_not_cleared_sees_no_identity_even_at_the_handling_agency(web: Web) -> None:
    petition = mixed(web)
    assert not can_see_identity(officer(web.office), petition)
    assert can_see_identity(officer(web.office, denunciations=True), petition)


def test_the_provinces_desk_sees_mixed_petitions_on_its_own_pile_alone(web: Web) -> None:
    elsewhere, here = mixed(web), mixed(web, CENTRE)
    cleared = officer(web.office, Role.RECEPTION_DESK, denunciations=True)
    assert not can_view(cleared, elsewhere, web.office.directory)
    assert can_view(cleared, here, web.office.directory)
    assert not can_view(officer(web.office, Role.RECEPTION_DESK), here, web.office.directory)


def test_the_cleared_desk_s_list_and_count_hold_its_own_mixed_petitions_by_kind(web: Web) -> None:
    mixed(web)
    here = mixed(web, CENTRE)
    ordinary = file(web.office)
    cleared = officer(web.office, Role.RECEPTION_DESK, denunciations=True)
    expected = {
        (): {here.id, ordinary.id},
        (MIXED,): {here.id},
        (PetitionKind.TC,): set(),
        (PetitionKind.KNPA,): {ordinary.id},
    }
    with web.office.store.read() as tx:
        for kinds, ids in expected.items():
            wanted = Wanted(kinds=kinds)
            found = worklist(web.office, tx, cleared, wanted)
            assert {row.id for row in found} == ids
            assert count_worklist(web.office, tx, cleared, wanted) == len(ids)


def test_the_bell_tells_who_is_not_cleared_nothing_of_a_mixed_petition(web: Web) -> None:
    run_due_jobs(web.office, now=NOW)
    web.now = NOW + timedelta(minutes=5)
    before = web.console("clerk").get("/console/notices/count").json()
    petition = mixed(web)
    run_due_jobs(web.office, now=web.now)
    assert web.console("clerk").get("/console/notices/count").json() == before
    assert petition.reference not in web.console("clerk").get("/console/notices").text


def test_a_case_shows_its_mixed_petition_to_the_cleared_alone(web: Web) -> None:
    petition, ordinary = mixed(web), file(web.office)
    cleared = officer(web.office, denunciations=True)
    with web.office.store.write() as tx:
        actions.link(web.office, tx, cleared, ordinary.reference, to=petition.reference, now=LATER)
    assert dossier(web, officer(web.office), ordinary).linked == []
    assert [row.id for row in dossier(web, cleared, ordinary).linked] == [petition.id]


def test_a_number_of_a_report_opens_no_mixed_petition_for_who_is_not_cleared(web: Web) -> None:
    petition = file(
        web.office, MIXED, agency=BUILDING, text=TEXT, source=Source.RECEPTION, signed_on=TODAY
    )
    reporter = officer(web.office, Role.REPORTING)
    with web.office.store.read() as tx:
        period = resolve_period("2026-Q4", "ttcp", today=TODAY)
        found = figures_of(web.office, tx, BUILDING, period, today=TODAY)
        rows = [
            row
            for by in (officer(web.office), officer(web.office, Role.HEAD), reporter)
            for number in found.numbers.values()
            for row in rows_behind(web.office, tx, by, found, number)
            if row.ref == petition.reference
        ]
    assert rows
    assert {row.petition for row in rows} == {""}


# ---- officers who are cleared ----------------------------------------------------------------


def test_the_list_shows_no_words_of_a_mixed_petition_but_its_page_does(web: Web) -> None:
    petition = mixed(web, INSPECTORATE)
    console = web.console("inspector")
    queue = console.get("/console/petitions?tab=all").text
    assert petition.reference in queue
    assert "giá đền bù" not in queue
    assert "có thể có nội dung tố cáo" in queue
    assert ACCUSED in console.get(f"/console/petitions/{petition.reference}").text


def test_a_mixed_petition_is_found_by_its_number_and_never_by_its_words(web: Web) -> None:
    petition = mixed(web, INSPECTORATE)
    api = web.api("inspector")
    assert api.get(API, q="đền bù").json()["total"] == 0
    assert api.get(API, q=petition.reference).json()["total"] == 1


def test_when_the_writer_of_a_mixed_petition_wrote_is_known_by_the_day_only(web: Web) -> None:
    petition = mixed(web, INSPECTORATE)
    api = web.api("inspector")
    (row,) = api.get(API).json()["items"]
    one = api.get(f"{API}/{petition.reference}").json()
    filed = api.get(f"{API}/{petition.reference}/timeline").json()[0]
    assert (row["received_on"], row["received_at"]) == (TODAY.isoformat(), None)
    assert (one["received_at"], filed["at"]) == (None, None)
    assert (
        "09:00" not in web.console("inspector").get(f"/console/petitions/{petition.reference}").text
    )


@pytest.mark.parametrize("kind", [MIXED, PetitionKind.TC])
def test_when_a_notice_reached_the_writer_is_not_told(web: Web, kind: PetitionKind) -> None:
    petition = file(web.office, kind, agency=INSPECTORATE, text=TEXT)
    api = web.api("inspector")
    api.act(petition.reference, "request-information", 1, message="Xin cho biết ngày nào.")
    with web.office.store.write() as tx:
        tx.execute(update(notices).values(sent_at=LATER))
    told = api.get(f"{API}/{petition.reference}/notices").json()
    assert told
    assert all(row["sent_at"] is None for row in told)


def test_the_cleared_officers_bell_tells_a_mixed_petitions_day_not_its_hour(web: Web) -> None:
    run_due_jobs(web.office, now=NOW)
    web.now = NOW + timedelta(minutes=5)
    petition = mixed(web, INSPECTORATE)
    run_due_jobs(web.office, now=web.now)
    web.now += timedelta(minutes=5)
    listed = text_of(web.console("inspector").get("/console/notices"))
    after = listed.partition(petition.reference)[2].partition("VLG-")[0]
    assert "hôm nay" in after
    assert "phút trước" not in after


def test_a_mixed_petition_is_compared_with_nothing_and_nothing_with_it(web: Web) -> None:
    petition = mixed(web, INSPECTORATE)
    twin = file(web.office, agency=INSPECTORATE, text=TEXT)
    assert not alike(web, petition)
    assert dossier(web, inspector(web), petition).duplicates == []
    assert dossier(web, inspector(web), twin).duplicates == []


def test_documents_for_a_mixed_petition_go_by_the_secret_way(web: Web) -> None:
    petition = mixed(web, INSPECTORATE)
    page = web.console("inspector").get(
        f"/console/petitions/{petition.reference}/actions/request-information"
    )
    assert "tệp không đi qua Zalo, Telegram" in text_of(page)


def test_no_letter_is_proposed_for_a_mixed_petition(web: Web) -> None:
    petition = mixed(web, INSPECTORATE)
    assert web.api("inspector").get(f"{API}/{petition.reference}/letters").json() == []
    page = web.console("inspector").get(
        f"/console/petitions/{petition.reference}/letters/phieu-de-xuat-thu-ly"
    )
    assert page.status_code == 404


# ---- what becomes of it ----------------------------------------------------------------------


def test_a_cleared_officer_guides_its_writer_to_split_it(web: Web) -> None:
    petition = mixed(web, INSPECTORATE)
    done = web.api("inspector").act(
        petition.reference, "guide", 1, agency=CENTRE, explanation="Xin tách thành ba đơn riêng."
    )
    assert (done.status_code, done.json()["status"]) == (200, str(PetitionStatus.GUIDED))


def test_once_its_kind_is_settled_the_ordinary_rules_apply(web: Web) -> None:
    petition = mixed(web, INSPECTORATE)
    plain = officer(web.office, agency=INSPECTORATE)
    assert not can_view(plain, petition, web.office.directory)
    changed = settled(web, petition)
    assert can_view(plain, changed, web.office.directory)
    assert alike(web, petition)
    api = web.api("inspector")
    assert api.get(API, q="đền bù").json()["total"] == 1
    assert "giá đền bù" in web.console("inspector").get("/console/petitions?tab=all").text


@pytest.mark.parametrize("kind", [MIXED, PetitionKind.TC])
def test_what_turns_out_to_hold_a_denunciation_leaves_search_and_likeness(
    web: Web, kind: PetitionKind
) -> None:
    petition = file(web.office, agency=INSPECTORATE, text=TEXT)
    assert alike(web, petition)
    settled(web, petition, kind)
    assert not alike(web, petition)
    assert web.api("inspector").get(API, q="đền bù").json()["total"] == 0
    settled(web, petition, PetitionKind.KN)
    assert alike(web, petition)


def test_another_look_at_an_ordinary_petition_adds_no_second_set_of_likenesses(web: Web) -> None:
    petition = file(web.office, agency=INSPECTORATE, text=TEXT)
    query = select(func.count()).where(bands.c.petition_id == petition.id)
    with web.office.store.read() as tx:
        before = tx.execute(query).scalar_one()
    settled(web, petition, PetitionKind.KN)
    with web.office.store.read() as tx:
        assert tx.execute(query).scalar_one() == before > 0


def test_the_trace_of_settling_names_kinds_and_no_words(web: Web) -> None:
    petition = settled(web, mixed(web, INSPECTORATE))
    with web.office.store.read() as tx:
        told = repr(entries_of(tx, get_petition(tx, petition.reference).id))
    assert ACCUSED not in told


def test_a_mixed_petition_that_names_an_agency_never_reaches_it(web: Web) -> None:
    petition = mixed(web, BUILDING, accused=(BUILDING,))
    assert petition.agency == CENTRE
    assert not can_view(officer(web.office, denunciations=True), petition, web.office.directory)
