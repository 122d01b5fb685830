"""Open311 GeoReport v2 over the whole application: both formats, keys, refusals, secrecy."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from fastapi import FastAPI
from PIL import Image
from sqlalchemy import func, select, update
from starlette.testclient import TestClient

from admin.app import create_app
from bot.app import mount
from bot.media import Fetcher, any_public_host
from bot.open311 import router
from intake import actions
from intake.accounts import (
    NewAccount,
    Purpose,
    change_officer,
    create_key,
    create_officer,
    get_officer,
)
from intake.attachments import attachments_of
from intake.office import Office
from intake.officers import SYSTEM
from intake.petition import MAY_HOLD_DENUNCIATION, Petition, PetitionKind, Source
from intake.place_points import commune_points, communes_near
from intake.status import Role
from intake.store.petitions import content_of, get_petition
from intake.store.tables import petitions
from tests.database import migrate
from tests.factories import NOW, accepted, build_office, file, officer

BASE = "/open311/v2"
HOLE = "Đường ấp Thử bị ổ gà lớn, xe máy té ngã nhiều lần, nhờ xã sửa giúp bà con."
BRIBE = "Tôi tố cáo ông Nguyễn Văn Thử, cán bộ địa chính xã, nhận hối lộ 20 triệu đồng."
RECOVERY = "Tôi khiếu nại quyết định thu hồi đất số 12/QĐ-UBND của Chủ tịch UBND xã."
FIRE = "Cháy nhà, cứu với!"
EARLIER, LATER = "2026-11-03T00:00:00Z", "2026-11-04T00:00:00Z"
FORMATS = pytest.mark.parametrize("kind", ["json", "xml"])


def _nobody(host: str, port: int) -> list[str]:
    """Addresses stay what they are; names are not known."""
    bare = host.strip("[]")
    return [bare] if bare[0].isdigit() or ":" in bare else []


@dataclass
class Civic:
    """A civic app at the door of an office."""

    office: Office
    http: TestClient
    key: str
    now: datetime = NOW
    pictures: dict[str, bytes] = field(default_factory=dict)
    counter: Iterator[int] = field(default_factory=itertools.count)

    def fetch(self, address: str) -> bytes:
        """A picture of `pictures`; what is not there goes the real way, which finds no name."""
        if address in self.pictures:
            return self.pictures[address]
        return Fetcher(any_public_host(), resolve=_nobody).fetch(address)

    def get(self, path: str, **query: object) -> Any:
        return self.http.get(BASE + path, params=query or None)

    def post(self, kind: str = "json", *, key: str | None = None, **fields: object) -> Any:
        headers = {"X-API-Key": self.key if key is None else key}
        sent = {"service_code": "commune-road", "description": HOLE, **fields}
        return self.http.post(f"{BASE}/requests.{kind}", data=sent, headers=headers)

    def filed(self, **fields: object) -> Petition:
        answer = self.post(**fields)
        assert answer.status_code == 200, answer.text
        return self.petition(answer.json()[0]["service_request_id"])

    def petition(self, reference: str) -> Petition:
        with self.office.store.read() as tx:
            return get_petition(tx, reference)

    def count(self) -> int:
        with self.office.store.read() as tx:
            return int(tx.execute(select(func.count()).select_from(petitions)).scalar_one())

    def listed(self, **query: object) -> list[str]:
        answer = self.get("/requests.json", **query)
        assert answer.status_code == 200, answer.text
        return [each["service_request_id"] for each in answer.json()]


def picture() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(content, "PNG")
    return content.getvalue()


def read(answer: Any, kind: str) -> list[dict[str, str | None]]:
    """The entries of a list, whichever format they came in; values as text."""
    assert answer.headers["content-type"].startswith(
        {"json": "application/json"}.get(kind, "text/xml")
    )
    if kind == "json":
        return [
            {name: None if value is None else str(value) for name, value in each.items()}
            for each in answer.json()
        ]
    return [{part.tag: part.text for part in each} for each in ET.fromstring(answer.content)]


@contextmanager
def opened(url: str, folder: Path, *, whole: bool = False) -> Iterator[Civic]:
    """An office with an app's key; `whole`: behind the whole web server and its guard."""
    office = build_office(url, folder)
    with office.store.write() as tx:
        account = NewAccount("app", "Ứng dụng Thử", Role.REPORTING, "vlg-van-phong-ubnd")
        create_officer(office, tx, account, "x", by=SYSTEM, now=NOW)
        key = create_key(
            office, tx, "app", "civic app", by=SYSTEM, now=NOW, purpose=Purpose.OPEN311
        )
    if whole:
        app = create_app(office, clock=lambda: civic.now, mounts=(mount,), work=False)
    else:
        app = FastAPI()
        app.include_router(
            router(office, clock=lambda: civic.now, fetch=lambda address: civic.fetch(address))
        )
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as http:
        civic = Civic(office, http, key)
        yield civic
    office.store.close()


@pytest.fixture
def civic(database_url: str, tmp_path: Path) -> Iterator[Civic]:
    with opened(database_url, tmp_path) as door:
        yield door


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Civic]:
    """One office for all tests that leave it as it is: nothing is ever filed there."""
    folder = tmp_path_factory.mktemp("open311")
    url = f"sqlite:///{folder / 'tiepdan.sqlite3'}"
    migrate(url)
    with opened(url, folder, whole=True) as door:
        yield door
        assert door.count() == 0


@pytest.fixture
def whole(sqlite_url: str, tmp_path: Path) -> Iterator[Civic]:
    with opened(sqlite_url, tmp_path, whole=True) as door:
        yield door


# ---- services -------------------------------------------------------------------------------


@FORMATS
def test_services_are_the_topics_of_feedback(empty: Civic, kind: str) -> None:
    found = {each["service_code"]: each for each in read(empty.get(f"/services.{kind}"), kind)}
    road = found["commune-road"]
    assert len(found) > 60
    assert road["service_name"] == "Đường xã, đường ấp, hẻm, cầu dân sinh hư hỏng"
    assert str(road["metadata"]).lower() == "false"
    assert (road["type"], road["group"]) == ("realtime", "UBND xã, phường, đặc khu")
    assert not {"corruption", "court-cases", "investigation"} & set(found)


@FORMATS
def test_a_service_asks_for_no_further_attributes(empty: Civic, kind: str) -> None:
    answer = empty.get(f"/services/commune-road.{kind}")
    if kind == "json":
        assert answer.json() == {"service_code": "commune-road", "attributes": []}
    else:
        top = ET.fromstring(answer.content)
        assert (top.tag, top.findtext("service_code")) == ("service_definition", "commune-road")


@FORMATS
def test_discovery_names_the_endpoint_and_both_formats(empty: Civic, kind: str) -> None:
    answer = empty.get(f"/discovery.{kind}")
    if kind == "json":
        (endpoint,) = answer.json()["endpoints"]
        assert empty.get("/discovery").json() == answer.json()
        assert endpoint["url"].endswith(BASE)
        assert endpoint["formats"] == ["application/json", "text/xml"]
    else:
        top = ET.fromstring(answer.content)
        assert top.findtext("endpoints/endpoint/url", "").endswith(BASE)
        formats = [each.text for each in top.iterfind("endpoints/endpoint/formats/format")]
        assert formats == ["application/json", "text/xml"]


# ---- filing ---------------------------------------------------------------------------------


@FORMATS
def test_feedback_is_filed_classified_and_routed(civic: Civic, kind: str) -> None:
    (given,) = read(civic.post(kind, address_string="xã Long Hồ"), kind)
    petition = civic.petition(str(given["service_request_id"]))
    assert (petition.kind, petition.source) == (PetitionKind.KNPA, Source.OPEN311)
    assert (petition.topic, petition.fields) == ("commune-road", ("other",))
    assert petition.agency == "vlg-ubnd-xa-long-ho"
    assert petition.anonymous
    assert petition.next_due is not None
    assert "UBND" in str(given["service_notice"]) or "Ủy ban" in str(given["service_notice"])


def test_the_service_decides_where_the_text_does_not(civic: Civic) -> None:
    petition = civic.filed(service_code="public-transport", description="Nhờ xem giúp việc này ạ.")
    assert petition.agency == "vlg-so-xay-dung"


def test_the_lookup_code_is_told_once_and_opens_the_petition(civic: Civic) -> None:
    (first,) = civic.post(client_request_id="a-1").json()
    (again,) = civic.post(client_request_id="a-1").json()
    assert len(first["lookup_code"]) >= 12
    assert again["lookup_code"] is None


def test_a_name_a_contact_and_a_place_are_sealed_with_the_petition(civic: Civic) -> None:
    petition = civic.filed(
        first_name="Nghiệm", last_name="Lê Thị Thử", phone="0900000001", email="thu@example.vn",
        address_string="ấp Thử", lat="10.25", long="105.97",
    )  # fmt: skip
    with civic.office.store.read() as tx:
        content = content_of(tx, civic.office.sealer, petition)
    (person,) = content.petitioners
    assert person.name == "Lê Thị Thử Nghiệm"
    assert (person.phone, person.email) == ("0900000001", "thu@example.vn")
    assert content.place_text == "ấp Thử (10.25, 105.97)"
    assert content.text == HOLE
    assert not petition.anonymous


def test_the_picture_behind_media_url_is_fetched_and_kept(civic: Civic) -> None:
    civic.pictures["https://example.vn/anh/1.png?k=v"] = picture()
    petition = civic.filed(media_url="https://example.vn/anh/1.png?k=v")

    with civic.office.store.read() as tx:
        (kept,) = attachments_of(civic.office, tx, petition.id)
    assert (kept.name, kept.media_type) == ("1.png", "image/png")


@pytest.mark.parametrize(
    ("address", "described"),
    [
        ("https://example.vn/away.png", "media_url did not answer"),
        ("https://example.vn/page.html", "a file is empty, too large, damaged or of a kind"),
        ("http://example.vn/1.png", "media_url is not fetched"),
        ("https://127.0.0.1/1.png", "media_url is not fetched"),
        ("https://[::ffff:10.0.0.1]/1.png", "media_url is not fetched"),
        ("https://169.254.169.254/latest/meta-data", "media_url is not fetched"),
        ("https://user@example.vn/1.png", "media_url is not fetched"),
        ("https://example.vn:8443/1.png", "media_url is not fetched"),
        ("file:///etc/passwd", "media_url is not fetched"),
    ],
)
def test_a_media_url_that_can_not_be_had_is_refused_with_the_reason(
    civic: Civic, address: str, described: str
) -> None:
    civic.pictures["https://example.vn/page.html"] = b"<html>no picture</html>"
    answer = civic.post(media_url=address)

    assert answer.status_code == 400
    assert described in answer.json()[0]["description"]
    assert civic.count() == 0


def test_coordinates_well_inside_a_commune_name_it(civic: Civic) -> None:
    codes = [place.code for place in civic.office.gazetteer.communes("vinh-long")]
    code = next(
        code for code in codes
        if (near := communes_near(commune_points()[code], codes, most=2)) and near[1].kilometres > 1
    )  # fmt: skip
    point = commune_points()[code]
    story = "Đường bị ổ gà lớn, xe máy té ngã nhiều lần, nhờ sửa giúp bà con."

    petition = civic.filed(description=story, lat=point.latitude, long=point.longitude)

    assert petition.commune == code


def test_multipart_carries_pictures(civic: Civic) -> None:
    answer = civic.http.post(
        f"{BASE}/requests.json",
        data={"service_code": "commune-road", "description": HOLE, "api_key": civic.key},
        files={"media": ("hinh.png", picture(), "image/png")},
    )
    petition = civic.petition(answer.json()[0]["service_request_id"])
    with civic.office.store.read() as tx:
        (kept,) = attachments_of(civic.office, tx, petition.id)
    assert kept.media_type == "image/png"


def test_a_file_that_is_not_taken_refuses_the_whole(civic: Civic) -> None:
    answer = civic.http.post(
        f"{BASE}/requests.json",
        data={"service_code": "commune-road", "description": HOLE, "api_key": civic.key},
        files={"media": ("virus.exe", b"MZ" + bytes(200), "image/png")},
    )
    assert (answer.status_code, civic.count()) == (400, 0)


# ---- what does not go in --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [(BRIBE, "tố cáo"), (RECOVERY, "khiếu nại"), (FIRE, "gọi ngay 11"), ("...", "chưa rõ")],
)
@FORMATS
def test_what_is_no_feedback_is_refused_with_guidance(
    empty: Civic, kind: str, text: str, words: str
) -> None:
    answer = empty.post(kind, description=text)
    (error,) = read(answer, kind)
    assert answer.status_code == 400
    assert error["code"] == "400"
    assert words in str(error["description"])
    assert empty.count() == 0


@FORMATS
@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"service_code": ""}, 400),
        ({"service_code": "no-such-thing"}, 404),
        ({"service_code": "corruption"}, 404),
        ({"description": ""}, 400),
        ({"description": "\u200b \n"}, 400),
        ({"description": "a" * 60_000}, 400),
        ({"jurisdiction_id": "atlantis"}, 404),
        ({"lat": "10"}, 400),
        ({"lat": "91", "long": "0"}, 400),
        ({"lat": "nan", "long": "nan"}, 400),
        ({"client_request_id": "x" * 101}, 400),
        ({"client_request_id": "dấu"}, 400),
    ],
)
def test_a_malformed_request_is_refused_in_the_standards_words(
    empty: Civic, kind: str, fields: dict[str, str], status: int
) -> None:
    answer = empty.post(kind, **fields)
    (error,) = read(answer, kind)
    assert (answer.status_code, error["code"]) == (status, str(status))
    assert error["description"]
    assert empty.count() == 0


def test_the_own_jurisdiction_is_the_provinces_slug(civic: Civic) -> None:
    civic.filed(jurisdiction_id="vinh-long")
    assert civic.get("/services.json", jurisdiction_id="vinh-long").status_code == 200
    assert civic.get("/services.json", jurisdiction_id="atlantis").status_code == 404


# ---- keys -----------------------------------------------------------------------------------


@FORMATS
@pytest.mark.parametrize("key", ["", "tdk_nobody", "ổ"])
def test_without_a_valid_key_nothing_is_filed(empty: Civic, kind: str, key: str) -> None:
    answer = empty.http.post(
        f"{BASE}/requests.{kind}",
        data={"service_code": "commune-road", "description": HOLE, "api_key": key},
    )
    assert answer.status_code == 403
    assert read(answer, kind)[0]["code"] == "403"
    assert empty.count() == 0


def test_the_key_may_come_in_the_form_but_not_in_the_address(civic: Civic) -> None:
    fields = {"service_code": "commune-road", "description": HOLE}
    in_form = {**fields, "api_key": civic.key}
    address = f"{BASE}/requests.json"
    assert civic.http.post(address, data=in_form).status_code == 200
    in_address = civic.http.post(address, data=fields, params={"api_key": civic.key})
    assert in_address.status_code == 403


def test_a_civic_apps_key_opens_nothing_else(empty: Civic) -> None:
    assert empty.http.get("/api/v1/me", headers={"X-API-Key": empty.key}).status_code == 401


def test_a_closed_accounts_key_ends(civic: Civic) -> None:
    with civic.office.store.write() as tx:
        row = get_officer(tx, "app")
        account = NewAccount(row.username, row.display_name, row.role, row.agency)
        change_officer(civic.office, tx, account, active=False, by=SYSTEM, now=NOW)
    assert civic.post().status_code == 403


def test_no_key_text_or_person_reaches_the_log(
    whole: Civic, capfd: pytest.CaptureFixture[str]
) -> None:
    whole.post(last_name="Lê Thị", first_name="Nghiệm")
    whole.post(key="tdk_wrong_key_0123456789")
    whole.post(description=BRIBE)
    shown = capfd.readouterr()
    assert "/open311/v2/requests" in shown.out + shown.err
    for secret in (whole.key, "tdk_wrong", "Nghiệm", "ổ gà", "hối lộ"):
        assert secret not in shown.out + shown.err


def test_a_key_that_floods_is_told_when_to_come_back(civic: Civic) -> None:
    answers = [civic.post(description="") for _ in range(121)]
    assert {answer.status_code for answer in answers[:120]} == {400}
    assert answers[120].status_code == 429
    assert int(answers[120].headers["retry-after"]) >= 1
    assert read(answers[120], "json")[0]["code"] == "429"


# ---- repeats --------------------------------------------------------------------------------


def test_a_repeated_request_id_is_the_same_petition(civic: Civic) -> None:
    first = civic.filed(client_request_id="r-1")
    assert civic.filed(client_request_id="r-1", description="Chuyện khác hẳn.") == first
    assert civic.count() == 1


def test_request_ids_of_two_keys_have_nothing_to_do_with_each_other(civic: Civic) -> None:
    civic.filed(client_request_id="r-1")
    with civic.office.store.write() as tx:
        other = create_key(civic.office, tx, "app", "second", by=SYSTEM, now=NOW)
    assert civic.post(key=other, client_request_id="r-1").status_code == 200
    assert civic.count() == 2


def test_one_request_id_sent_at_once_from_many_sides_is_one_petition(civic: Civic) -> None:
    with ThreadPoolExecutor(8) as sides:
        answers = list(sides.map(lambda _: civic.post(client_request_id="r-1"), range(8)))
    numbers = {answer.json()[0]["service_request_id"] for answer in answers}
    assert (len(numbers), civic.count()) == (1, 1)


def test_a_refused_request_id_may_be_used_again(civic: Civic) -> None:
    assert civic.post(client_request_id="r-1", description=BRIBE).status_code == 400
    assert civic.post(client_request_id="r-1").status_code == 200


# ---- following ------------------------------------------------------------------------------


@FORMATS
def test_a_request_shows_public_facts_and_no_more(civic: Civic, kind: str) -> None:
    petition = civic.filed(
        last_name="Lê", first_name="Nghiệm", phone="0900000001", address_string="xã Long Hồ"
    )
    answer = civic.get(f"/requests/{petition.reference}.{kind}")
    (shown,) = read(answer, kind)
    assert shown["service_request_id"] == petition.reference
    assert (shown["status"], shown["service_code"]) == ("open", "commune-road")
    assert shown["agency_responsible"] == civic.office.directory.get(str(petition.agency)).name
    assert shown["requested_datetime"] == "2026-11-03T09:00:00+07:00"
    hidden = ("description", "address", "lat", "long", "media_url")
    assert {name: shown[name] for name in hidden} == dict.fromkeys(hidden)
    for secret in ("Nghiệm", "0900000001", "ổ gà", "Long Hồ bị"):
        assert secret not in answer.text


def test_the_expected_day_is_the_next_one_owed_if_its_law_was_read(civic: Civic) -> None:
    petition = civic.filed()
    rule = civic.office.rules.get(str(petition.next_rule))
    assert petition.next_due is not None
    (shown,) = civic.get(f"/requests/{petition.reference}.json").json()
    promised = f"{petition.next_due}T23:59:59+07:00"
    assert shown["expected_datetime"] == (promised if rule.verified_on(petition.next_due) else None)
    with civic.office.store.write() as tx:
        unread = next(r.id for r in civic.office.rules.all() if not r.verified)
        tx.execute(update(petitions).values(next_rule=unread))
    (shown,) = civic.get(f"/requests/{petition.reference}.json").json()
    assert shown["expected_datetime"] is None


def test_an_answered_request_is_closed(civic: Civic) -> None:
    petition = civic.filed()
    by = officer(civic.office, agency=petition.agency)
    with civic.office.store.write() as tx:
        given = actions.Answer("Xã đã sửa xong.")
        actions.answer(civic.office, tx, by, petition.reference, given, now=NOW)
    (shown,) = civic.get(f"/requests/{petition.reference}.json").json()
    assert (shown["status"], shown["expected_datetime"]) == ("closed", None)
    assert "sửa xong" not in json.dumps(shown, ensure_ascii=False)
    assert civic.listed(status="closed") == [petition.reference]
    assert civic.listed(status="open") == []
    assert civic.listed(status="open,closed") == [petition.reference]


@pytest.mark.parametrize("kind", MAY_HOLD_DENUNCIATION)
def test_petitions_of_other_channels_and_kinds_are_nobodys_business(
    civic: Civic, kind: PetitionKind
) -> None:
    own = [file(civic.office), accepted(civic.office, PetitionKind.TC)]
    turned = civic.filed()
    with civic.office.store.write() as tx:
        tx.execute(update(petitions).where(petitions.c.id == turned.id).values(kind=kind))
    assert civic.listed() == []
    for petition in (*own, turned):
        for path in ("requests", "tokens"):
            assert civic.get(f"/{path}/{petition.reference}.json").status_code == 404
        assert civic.listed(service_request_id=petition.reference) == []


def test_filters_choose_by_number_service_and_days(civic: Civic) -> None:
    road = civic.filed()
    civic.now = NOW + timedelta(days=1)
    light = civic.filed(
        service_code="street-lights-trees-drains", description="Đèn đường trước chợ bị hư."
    )
    civic.now = NOW + timedelta(days=2)
    both = [light.reference, road.reference]
    assert civic.listed() == both
    assert civic.listed(service_code="commune-road") == [road.reference]
    assert civic.listed(service_code="commune-road, street-lights-trees-drains") == both
    assert civic.listed(service_request_id=",".join(both), status="closed") == both
    noon = "2026-11-03T12:00:00+07:00"
    assert civic.listed(start_date=noon) == [light.reference]
    assert civic.listed(end_date=noon) == [road.reference]
    assert civic.listed(start_date="2026-11-03T02:00:00Z", end_date=noon) == [road.reference]
    civic.now = NOW + timedelta(days=91)
    assert civic.listed() == [light.reference]


def test_long_lists_come_in_pages(civic: Civic) -> None:
    filed = [civic.filed().reference for _ in range(5)]
    pages = [civic.listed(page=number, page_size=2) for number in (1, 2, 3)]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert sorted(itertools.chain(*pages)) == sorted(filed)


@FORMATS
@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/requests", {"status": "done"}, 400),
        ("/requests", {"start_date": "yesterday"}, 400),
        ("/requests", {"start_date": "2026-11-03T12:00:00"}, 400),
        (
            "/requests",
            {"start_date": "2026-11-04T00:00:00Z", "end_date": "2026-11-03T00:00:00Z"},
            400,
        ),
        ("/requests", {"page_size": "1001"}, 400),
        ("/requests", {"page": "0"}, 400),
        ("/requests", {"page": "-1"}, 400),
        ("/requests/VLG-2611-000000", {}, 404),
        ("/tokens/VLG-2611-000000", {}, 404),
        ("/services/no-such-thing", {}, 404),
        ("/requests", {"jurisdiction_id": "atlantis"}, 404),
    ],
)
def test_a_malformed_question_is_refused_in_the_standards_words(
    empty: Civic, kind: str, path: str, query: dict[str, str], status: int
) -> None:
    answer = empty.get(f"{path}.{kind}", **query)
    (error,) = read(answer, kind)
    assert (answer.status_code, error["code"]) == (status, str(status))
    assert error["description"]


@pytest.mark.parametrize("path", ["/services.yaml", "/requests/x.csv", "/requests.", "/nothing"])
def test_other_formats_and_paths_are_not_found(empty: Civic, path: str) -> None:
    assert empty.get(path).status_code == 404


@FORMATS
def test_a_token_leads_to_its_request(civic: Civic, kind: str) -> None:
    reference = civic.filed().reference
    (shown,) = read(civic.get(f"/tokens/{reference}.{kind}"), kind)
    assert shown == {"service_request_id": reference, "token": reference}


def test_both_formats_say_the_same(civic: Civic) -> None:
    civic.filed()
    as_json, as_xml = (read(civic.get(f"/requests.{kind}"), kind) for kind in ("json", "xml"))
    assert as_json == as_xml
