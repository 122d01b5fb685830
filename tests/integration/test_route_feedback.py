"""Officers' decisions become lessons, a new model serves at once, old decisions stay explained."""

from __future__ import annotations

import json
import stat
from datetime import timedelta

import click
import pytest
from click.testing import CliRunner

from intake import actions, routing_commands
from intake.petition import MAY_HOLD_DENUNCIATION, PetitionKind
from intake.route_feedback import confirmed_routes, decisions_about
from intake.route_learning import learn_on
from intake.routing_versions import use_models
from intake.status import Role
from tests.factories import NOW, TODAY, accepted, agency_of, build_office, file, officer

WHO = "Lê Thị Thử Nghiệm"
LATER = NOW + timedelta(days=1)
STORY = f"Tôi là {WHO}, số 0900 000 001. Cái giường hoa lan phố núi bị gió cuốn, mong xem giúp."


@pytest.fixture
def office(database_url, tmp_path):
    office = build_office(database_url, tmp_path)
    yield office
    office.store.close()
    use_models(None)


def forwarded(office, petition, agency):
    desk = officer(office, Role.AGENCY_CLERK, agency=petition.agency, denunciations=True)
    with office.store.write() as tx:
        actions.forward(
            office,
            tx,
            desk,
            petition.reference,
            agency=agency,
            reason="Thuộc thẩm quyền",
            now=LATER,
        )


def lessons(office):
    with office.store.read() as tx:
        return confirmed_routes(office, tx)


def test_a_corrected_route_becomes_a_lesson_without_the_person(office):
    forwarded(office, file(office, text=STORY), agency_of(office, "so-vhttdl"))
    (lesson,) = lessons(office)
    assert lesson.classes == ("so-vhttdl",)
    assert "hoa lan" in lesson.text
    assert WHO not in lesson.text
    assert "0900" not in lesson.text


def test_an_accepted_petition_confirms_its_route(office):
    petition = accepted(office)
    (lesson,) = lessons(office)
    assert (lesson.id, lesson.classes) == (petition.reference, ("so-xay-dung",))
    with office.store.read() as tx:
        (made,) = decisions_about(tx, petition.id)
    assert made.proposed == made.chosen == petition.agency


def test_a_denunciation_is_never_opened_to_be_learned_from(office):
    accepted(office, PetitionKind.TC)
    assert lessons(office) == []


def test_a_mixed_petition_is_not_opened_either_when_its_route_is_corrected(office):
    mixed = file(office, PetitionKind.MIXED, text=STORY)
    forwarded(office, mixed, agency_of(office, "so-vhttdl"))
    assert lessons(office) == []


def test_what_officers_taught_serves_the_running_office_at_once(office, tmp_path):
    for number in range(6):
        forwarded(
            office,
            file(office, text=f"{STORY} Lần {number} rồi."),
            agency_of(office, "so-vhttdl"),
        )
    folder = tmp_path / "models"
    use_models(folder)
    before = office.router.route(STORY, on=TODAY)
    folder.mkdir()
    learn_on(lessons(office), folder, "t1")
    after = office.router.route(STORY, on=TODAY)
    assert before.versions["classes"] != after.versions["classes"] == "classes-t1"
    assert after.candidates[0].agency_class == "so-vhttdl"
    other = office.router.route("Nhà tôi bị cúp điện hoài, nhờ điện lực kiểm tra", on=TODAY)
    assert other.candidates[0].agency_class == "dien-luc"


@pytest.fixture
def run(office, tmp_path, monkeypatch):
    monkeypatch.setenv("TIEPDAN_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TIEPDAN_DATABASE_URL", office.settings.effective_database_url)
    group = click.Group()
    routing_commands.register(group)

    def invoke(*arguments):
        result = CliRunner().invoke(group, list(arguments))
        assert result.exit_code == 0, result.exception
        return result.output

    return invoke


def test_the_lessons_can_be_taken_out_as_a_file_for_one_user_only(office, run, tmp_path):
    accepted(office)
    path = tmp_path / "lessons.jsonl"
    assert run("route", "export", str(path)) == "1 petitions\n"
    (line,) = path.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["classes"] == ["so-xay-dung"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_old_decision_is_explained_with_its_versions_and_what_became_of_it(office, run):
    routing = office.router.route(STORY, on=TODAY)
    stored = {
        "decision": routing.decision,
        "candidates": [
            {"agency": c.agency, "score": c.score, "reasons": list(c.reasons)}
            for c in routing.candidates
        ],
        "versions": dict(routing.versions),
    }
    petition = file(office, text=STORY, routing=stored)
    forwarded(office, petition, agency_of(office, "so-vhttdl"))
    said = run("route", "explain", petition.reference)
    assert f"version: classes {routing.versions['classes']}" in said
    assert f"→ {agency_of(office, 'so-vhttdl')}" in said
    assert f"again: {routing.candidates[0].agency_class}" in said


@pytest.mark.parametrize("kind", MAY_HOLD_DENUNCIATION)
def test_a_denunciation_is_explained_from_what_was_stored_alone(office, run, kind):
    petition = file(office, kind, routing={"versions": {"classes": "classes-x"}})
    said = run("route", "explain", petition.reference)
    assert "classes-x" in said
    assert "again" not in said


def test_the_register_alone_teaches_and_a_version_that_is_no_worse_is_used(office, run):
    for number in range(6):
        accepted(office, text=f"Xe buýt bỏ bến, xin thêm tuyến xe buýt số {number}.")
    said = run("route", "learn", "--from-register", "--name", "t2")
    assert "in use now: t2" in said
    assert office.router.route(STORY, on=TODAY).versions["classes"] == "classes-t2"
