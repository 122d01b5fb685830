"""Steps of officers' warnings: what is reached when, and what an office may set itself."""

from datetime import UTC, datetime

import pytest

from intake.errors import DataFault
from intake.warning_steps import load_warning_plan

MORNING = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)  # 09:00 in Việt Nam


@pytest.fixture
def plan(tmp_path):
    return load_warning_plan(tmp_path)


@pytest.mark.parametrize(
    ("days", "step"),
    [
        (-4, None), (-3, -3), (-2, -3), (-1, -1), (0, 0), (1, 1), (2, 1), (3, 3), (6, 3), (7, 7),
        (11, 7), (12, 12), (16, 12), (17, 17),
    ],
)  # fmt: skip
def test_the_last_step_reached_counts_and_the_last_one_repeats(plan, days, step):
    reached = plan.default.reached(days)
    assert (reached.days if reached else None) == step


def test_later_steps_climb(plan):
    climbing = [plan.default.reached(days).to for days in (1, 3, 7, 12)]
    assert climbing[0] == ("handler",)
    assert climbing[1] == ("handler", "head")
    assert climbing[2] == climbing[3] == ("handler", "head", "superior")


@pytest.mark.parametrize(
    ("hour", "minute", "open_"),
    [(0, 29, False), (0, 30, True), (4, 29, True), (4, 30, False), (6, 30, True), (10, 0, False)],
)
def test_offices_are_closed_at_night_and_at_noon(plan, hour, minute, open_):
    assert plan.is_open(MORNING.replace(hour=hour, minute=minute)) is open_


def test_a_digest_belongs_to_the_last_time_that_has_passed(plan):
    assert plan.digest_slot(MORNING) == "2026-11-03T07:30"
    assert plan.digest_slot(MORNING.replace(hour=7)) == "2026-11-03T13:30"
    assert plan.digest_slot(MORNING.replace(hour=0)) is None


def test_an_agency_sets_its_own_steps_and_keeps_what_it_leaves_out(tmp_path):
    (tmp_path / "warnings.toml").write_text(
        '[agency.a]\nsteps = [{ days = -5, to = ["head"] }]\n[hours]\nopen = [["08:00", "09:01"]]\n'
    )
    plan = load_warning_plan(tmp_path)
    assert [step.days for step in plan.steps_of("a").steps] == [-5]
    assert plan.steps_of("a").repeat == plan.default.repeat
    assert plan.steps_of("b") == plan.default
    assert plan.earliest == 5
    assert plan.is_open(MORNING)
    assert not plan.is_open(MORNING.replace(minute=2))


@pytest.mark.parametrize(
    "text",
    [
        "[agency.a]\nsteps = []",
        '[agency.a]\nsteps = [{ days = 1, to = ["mayor"] }]',
        "[agency.a]\nsteps = [{ days = 1, to = [] }]",
        '[agency.a]\nsteps = [{ days = 1, to = ["head"] }, { days = 1, to = ["head"] }]',
        '[agency.a]\nsteps = [{ days = 400, to = ["head"] }]',
        "[agency.a]\nrepeat = 0",
        '[hours]\nopen = [["8 o\'clock", "17:00"]]',
        "[agency\n",
    ],
)
def test_a_malformed_file_is_refused_by_name(tmp_path, text):
    (tmp_path / "warnings.toml").write_text(text)
    with pytest.raises(DataFault) as refused:
        load_warning_plan(tmp_path)
    assert refused.value.values["file"] == "warnings.toml"
