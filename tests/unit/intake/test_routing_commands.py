"""`tiepdan route` and `classify`: a JSON line in, a JSON line out, whatever the text."""

from __future__ import annotations

import json

import click
import pytest
from click.testing import CliRunner

from intake import routing_commands
from intake.errors import InvalidInput
from intake.routing_versions import use_models


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("TIEPDAN_DATA_DIR", str(tmp_path))
    group = click.Group()
    routing_commands.register(group)

    def invoke(*arguments, lines=()):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        return CliRunner().invoke(group, list(arguments), input=text)

    yield invoke
    use_models(None)


def answers(result):
    assert result.exit_code == 0, result.exception
    return [json.loads(line) for line in result.output.splitlines()]


def test_route_answers_each_line_in_the_agreed_shape(run):
    result = run(
        "route",
        "--jsonl",
        lines=[
            {"id": 1, "text": "cúp điện hoài, nhờ điện lực xem"},
            {"id": "b", "text": "karaoke ồn ào tới khuya", "place": "phường Nguyệt Hóa"},
            {"id": None, "text": "\ud800 ", "on": "2026-01-05"},
        ],
    )
    first, second, third = answers(result)
    assert first["id"] == 1
    assert first["decision"] in ("route", "ask_officer")
    best = first["candidates"][0]
    assert best["agency_class"] == "dien-luc"
    assert {"agency", "agency_class", "name", "score", "reasons"} <= set(best)
    assert "Nguyệt Hóa" in second["candidates"][0]["name"]
    assert third["candidates"] == []


def test_two_subjects_are_told_with_a_proposal_each(run):
    text = "Đường ấp 5 ổ gà quá, với lại trạm y tế xã không có thuốc BHYT"
    (found,) = answers(run("route", "--jsonl", lines=[{"id": 1, "text": text}]))
    assert [part["topic"] for part in found["parts"]] == ["provincial-road", "hospital"]
    assert all(part["candidates"] and part["parts"] == [] for part in found["parts"])


def test_classify_answers_each_line_in_the_agreed_shape(run):
    (found,) = answers(run("classify", "--jsonl", lines=[{"id": 7, "text": "Tôi tố cáo ông A"}]))
    assert found["id"] == 7
    assert found["kind"] == "TC"
    assert {"topic", "score", "evidence"} <= set(found)


@pytest.mark.parametrize(
    ("line", "field"),
    [("no json", "line 1"), ("[]", "line 1"), ('{"id": 1}', "text"), ('{"text": 5}', "text")],
)
def test_a_malformed_line_is_refused_by_its_place(run, tmp_path, line, field):
    group = click.Group()
    routing_commands.register(group)
    result = CliRunner().invoke(group, ["route", "--jsonl"], input=line + "\n")
    assert isinstance(result.exception, InvalidInput)
    assert result.exception.values["field"] == field


def test_route_without_what_to_do_is_bad_usage(run):
    assert run("route").exit_code == 2


def test_eval_prints_the_figures_of_a_file(run, tmp_path):
    path = tmp_path / "some.jsonl"
    row = {"id": "1", "text": "cúp điện hoài", "classes": ["dien-luc"], "kind": "KNPA"}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    result = run("route", "eval", str(path), "--by-class")
    assert result.exit_code == 0
    assert "lawful: 1.000" in result.output
    assert "dien-luc: 1 petitions" in result.output
