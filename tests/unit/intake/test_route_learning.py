"""Models are learned from labels, versioned, and never replaced by a worse one."""

from __future__ import annotations

import json
import random
from datetime import date

import pytest

from intake.directory import Directory
from intake.errors import DataFault, InvalidInput, SetupRefused
from intake.places import Gazetteer
from intake.route_fitting import Lesson, fit, fit_lean
from intake.route_learning import (
    Sample,
    _folds,
    fold_lines,
    kind_lessons,
    learn_and_compare,
    measure,
    read_samples,
)
from intake.routing import Router
from intake.routing_model import LinearModel, model_files, pack, read_model, write_model
from intake.routing_versions import SHIPPED, current_model, current_names, use_models

TODAY = date(2026, 11, 21)


@pytest.fixture
def router():
    gazetteer = Gazetteer.load()
    yield Router(Directory.load("vinh-long", gazetteer=gazetteer), gazetteer)
    use_models(None)


def sample(text, agency_class, kind="KNPA"):
    return Sample(text, text, (agency_class,), kind)


def test_a_model_scores_all_labels_as_the_sum_of_its_weights(tmp_path):
    weights = {"§big": {0: 2.0, 1: -1.5}, "dien": {0: 0.5}, "nuoc": {1: 1.0}}
    write_model(tmp_path / "m.tsv", ["a", "b"], [0.25, 0.0], weights, {"note": "x"})
    model = read_model(tmp_path / "m.tsv")
    assert model.scores({"§big", "dien", "nuoc"}) == pytest.approx(
        [0.25 + 2.0 + 0.5 / 2**0.5, -1.5 + 1.0 / 2**0.5], abs=0.02
    )
    assert model.scores(set()) == [0.25, 0.0]
    assert (model.labels, model.fitted) == (("a", "b"), {"note": "x"})


def test_ten_thousand_grams_do_not_run_over():
    table = {f"g{i}": pack({0: -15.9, 1: 15.9}, 2) for i in range(10_000)}
    low, high = LinearModel("", ("a", "b"), (0.0, 0.0), table).scores(set(table))
    assert (low, high) == pytest.approx((-1590, 1590), rel=0.01)


def test_a_broken_model_file_names_its_line(tmp_path):
    path = tmp_path / "m.tsv"
    path.write_text("# labels: a b\n# bias: 0 0\ndien\tx:1\n", encoding="utf-8")
    with pytest.raises(DataFault, match=r"m\.tsv:3"):
        read_model(path)


def test_lessons_are_learned():
    lessons = [
        Lesson(frozenset({"dien"}), {0: 1.0}, 1.0),
        Lesson(frozenset({"nuoc"}), {1: 1.0}, 1.0),
    ]
    weights, _ = fit(lessons * 3, 2, rounds=10, rate=0.5, decay=0.0)
    assert weights["dien"][0] > weights["dien"].get(1, 0.0)
    assert weights["nuoc"][1] > weights["nuoc"].get(0, 0.0)


def test_numpy_takes_the_same_steps_as_plain_python():
    chance = random.Random(3)
    words = [f"w{n}" for n in range(30)] + [f"§s{n}" for n in range(6)]
    lessons = [
        Lesson(
            frozenset(chance.sample(words, 8)),
            {chance.randrange(3): 0.75, chance.randrange(3): 0.25},
            chance.choice((1.0, 0.25)),
            (0.3, 0.0, -0.2) if n % 2 else (),
            source=str(n // 2),
        )
        for n in range(80)
    ]
    how = {"rounds": 4, "rate": 0.5, "decay": 0.07}
    first, first_bias = fit(lessons, 3, **how)
    second, second_bias = fit(lessons, 3, **how, plain=True)
    assert first_bias == pytest.approx(second_bias)
    assert first.keys() == second.keys()
    for feature, row in second.items():
        assert first[feature] == pytest.approx(row), feature

    start = LinearModel(
        "", ("a", "b", "c"), (0.1, 0.2, 0.3), {"w1": pack({0: 1.0}, 3), "x": pack({2: -2.0}, 3)}
    )
    first, _ = fit(lessons, 3, **how, start=start)
    second, _ = fit(lessons, 3, **how, start=start, plain=True)
    assert {f: pytest.approx(row) for f, row in second.items()} == first


def test_a_word_that_comes_to_nothing_is_left_out_and_the_rest_learned_again():
    lessons = [
        Lesson(frozenset({"dien", "va"}), {0: 1.0}, 1.0, source="1"),
        Lesson(frozenset({"dien"}), {0: 1.0}, 1.0, source="2"),
        Lesson(frozenset({"nuoc", "va"}), {1: 1.0}, 1.0, source="3"),
        Lesson(frozenset({"nuoc"}), {1: 1.0}, 1.0, source="4"),
    ]
    weights, _ = fit_lean(lessons * 6, 2, rounds=8, rate=0.5, decay=0.0)
    assert weights.keys() == {"dien", "nuoc"}


def test_confidence_is_fitted_on_voices_the_model_has_not_met():
    many = [Sample(f"{voice}-{n}", "x", ("thue",), "KNPA") for n in range(4) for voice in "abcdef"]
    folds = _folds(many, 3)
    assert all(folds[f"{voice}-0"] == folds[f"{voice}-{n}"] for n in range(4) for voice in "abcdef")
    assert set(folds.values()) == {0, 1, 2}

    office = [Sample(f"VLG-26-{n}", "x", ("thue",), "KNPA") for n in range(6)]
    assert sorted(_folds(office, 3).values()) == [0, 0, 1, 1, 2, 2]


def test_a_large_model_goes_on_in_further_files(tmp_path):
    weights = {f"tu {n:06}": {n % 27: 1.0, (n + 1) % 27: -0.5} for n in range(70_000)}
    path = tmp_path / "m.tsv"
    write_model(path, [f"c{n}" for n in range(27)], [0.0] * 27, weights, {})
    files = model_files(path)
    model = read_model(path)
    assert len(files) == 2
    assert all(file.stat().st_size < 1024 * 1024 for file in files)
    assert len(model.table) == 70_000
    assert model.version == "m"
    assert model.contributions(["tu 069999"], f"c{69999 % 27}") == [("tu 069999", 1.0)]


def test_the_twin_without_marks_keeps_lines_and_capitals():
    assert fold_lines("Kính gửi:\nĐường Ấp 5") == "Kinh gui:\nDuong Ap 5"


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        "{}",
        json.dumps({"id": "1", "text": "x", "classes": ["nobody"], "kind": "KN"}),
        json.dumps({"id": "1", "text": "x", "classes": [], "kind": "XX"}),
    ],
)
def test_a_bad_sample_names_its_file_and_line(tmp_path, line):
    path = tmp_path / "s.jsonl"
    path.write_text("\n" + line, encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        read_samples([path])
    assert caught.value.values["field"] == "s.jsonl:2"


def test_figures_count_first_lawful_and_kind(router):
    figures = measure(
        router,
        [
            sample("Cúp điện hoài không báo trước, nhờ điện lực", "dien-luc"),
            Sample(
                "2", "Cúp điện hoài không báo trước, nhờ điện lực", ("thue", "dien-luc"), "KNPA"
            ),
            Sample("3", "xin chào", (), "OTHER"),
        ],
        TODAY,
    )
    assert (figures.petitions, figures.first, figures.lawful) == (2, 1, 2)
    assert (figures.messages, figures.share("kind_right")) == (3, 1.0)


def test_a_kind_people_differ_about_is_taught_as_they_differ(tmp_path):
    path = tmp_path / "s.jsonl"
    row = {"id": "a-1", "text": "Sổ trễ hẹn", "classes": ["ubnd-xa"], "kind": "PAKN"}
    path.write_text(
        json.dumps(row | {"opinions": ["KNPA", "PAKN", "PAKN"]}) + "\n" + json.dumps(row), "utf-8"
    )
    disputed, plain = read_samples([path])
    lessons = list(kind_lessons([disputed], tables=False))
    assert lessons
    assert all(lesson.wanted == pytest.approx({3: 1 / 3, 4: 2 / 3}) for lesson in lessons)
    assert all(lesson.wanted == {4: 1.0} for lesson in kind_lessons([plain], tables=False))


def test_an_opinion_that_is_no_kind_is_refused(tmp_path):
    path = tmp_path / "s.jsonl"
    row = {"id": "a", "text": "b", "classes": ["thue"], "kind": "KN", "opinions": ["KN", "XX"]}
    path.write_text(json.dumps(row), "utf-8")
    with pytest.raises(InvalidInput):
        read_samples([path])


def test_figures_tell_disputed_kinds_from_those_all_agree_on(router):
    text = "Cúp điện hoài không báo trước, nhờ điện lực"
    agreed = Sample("1", text, ("dien-luc",), "KNPA")
    disputed = Sample("2", text, ("dien-luc",), "KN", opinions=("KN", "KNPA", "KN"))
    figures = measure(router, [agreed, disputed], TODAY)
    assert figures.share("kind_right") == 0.5
    assert (figures.share("undisputed"), figures.share("undisputed_right")) == (0.5, 1.0)


def test_a_worse_version_is_refused_and_the_old_one_stays(router, tmp_path):
    wrong = [
        sample("Cúp điện hoài không báo trước", "thue", "KN"),
        sample("Nước máy đục ngầu", "thue", "KN"),
        sample("Trường lạm thu quỹ lớp", "thue", "KN"),
    ]
    right = [
        sample("Cúp điện liên tục, điện lực không báo trước", "dien-luc"),
        sample("Trường thu tiền máy lạnh, lạm thu", "so-giao-duc"),
    ]
    before = current_model("classes")
    with pytest.raises(SetupRefused, match="worse"):
        learn_and_compare(wrong * 9, right, tmp_path / "own", "bad", router, tables=False)
    assert not list((tmp_path / "own").glob("*.tsv"))
    assert current_model("classes").version == before.version


def test_a_version_that_is_no_worse_is_put_to_use_and_named_in_decisions(router, tmp_path):
    lessons = [
        sample("Cúp điện liên tục không báo trước", "dien-luc"),
        sample("Trường thu tiền máy lạnh, lạm thu", "so-giao-duc"),
        sample("Nước máy đục, hôi tanh", "cap-nuoc"),
    ]
    held_back = [sample("Mất điện, điện lực không báo", "dien-luc")]
    learn_and_compare(lessons * 3, held_back, tmp_path / "own", "t1", router, tables=False)
    assert router.route("cúp điện", on=TODAY).versions["classes"] == "classes-t1"


def test_a_version_name_is_used_once(router, tmp_path):
    (tmp_path / "classes-t1.tsv").write_text("", encoding="utf-8")
    one = [sample("cúp điện", "dien-luc")]
    with pytest.raises(SetupRefused, match="exists"):
        learn_and_compare(one, one, tmp_path, "t1", router)


def test_nothing_is_learned_without_petitions_held_back(router, tmp_path):
    with pytest.raises(SetupRefused, match="held back"):
        learn_and_compare([sample("x", "thue")], [], tmp_path, "n", router)


def test_the_shipped_models_are_there_and_small():
    names = current_names(SHIPPED)
    assert set(names) == {"classes", "kinds", "intents"}
    files = [file for name in names.values() for file in model_files(SHIPPED / f"{name}.tsv")]
    assert all(file.stat().st_size < 1024 * 1024 for file in files)
    assert {file.name for file in SHIPPED.iterdir()} == {"current.toml", *(f.name for f in files)}
