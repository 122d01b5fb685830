"""The tables of law: what they say, and which faults stop the program."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from intake.errors import DataFault
from intake.law_files import LAW_FOLDER
from intake.law_phrases import phrases
from intake.office import rules_in_force
from intake.rules import (
    DUTY,
    EXTENSION,
    LocalTerm,
    Rules,
    UnknownRule,
    read_local_terms,
    rule_table,
)
from intake.settings import Settings

RULES = Rules.load()
DOCS = Path(__file__).parents[3] / "docs" / "legal-clock.md"


def test_all_sixty_three_rules_are_there_once_in_force() -> None:
    assert len({rule.id for rule in RULES.all()}) == 63
    for day in (date(2024, 3, 1), date(2026, 6, 30), date(2026, 7, 1), date(2026, 11, 21)):
        in_force = [rule.id for rule in RULES.all() if rule.in_force(day)]
        assert len(in_force) == len(set(in_force))


def test_an_unverified_rule_says_so_and_a_verified_one_names_its_source() -> None:
    unverified = {rule.id for rule in RULES.all() if not rule.verified}
    assert unverified == {"XLD-TTHC-10", "KN-PUB", "KNPA-ANSWER", "PAKN-ANSWER"}
    for rule in RULES.all():
        if rule.verified:
            assert rule.grade in ("text", "secondary")
            assert rule.source in RULES.sources


def test_only_what_a_province_sets_has_no_figure() -> None:
    open_ones = {rule.id for rule in RULES.all() if rule.amount is None}
    assert open_ones == {"KNPA-ANSWER", "PAKN-ANSWER"}


def test_a_denunciation_can_be_extended_and_a_complaint_has_a_ceiling() -> None:
    day = date(2026, 11, 21)
    denunciation = RULES.ways_to_extend("TC", day)
    assert {(way.id, way.max_count) for way in denunciation} == {
        ("TC-EXT-C", 1), ("TC-EXT-S", 2),
    }  # fmt: skip
    assert all(way.mode == EXTENSION for way in denunciation)
    complaint = RULES.ways_to_extend("KN", day)
    assert complaint
    assert all(way.mode == "ceiling" for way in complaint)
    assert RULES.ways_to_extend("KNPA", day) == ()
    assert RULES.ways_to_extend("TC", date(2018, 12, 31)) == ()


def test_settling_terms_and_what_the_office_owes_are_told_apart() -> None:
    settling = {rule.id for rule in RULES.all() if RULES.settles(rule.id)}
    assert "KN-R1" in settling
    assert "TC-EXT-S" in settling
    assert "KN-ACC" not in settling
    not_owed = {rule.id for rule in RULES.all() if not RULES.owed_by_office(rule.id)}
    assert not_owed == {
        "KN-FILE-1", "KN-FILE-2", "KN-FILE-2-V", "KNKL-FILE-1", "KNKL-FILE-2", "KNKL-FILE-2D",
        "KN-EFF-1", "KN-EFF-2", "KN-EFF-V", "XLD-ARCHIVE",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("people", "threshold", "most"),
    [
        (4, None, None),
        (5, "REP-5-10", 2),
        (10, "REP-5-10", 2),
        (11, "REP-11+", 5),
        (90, "REP-11+", 5),
    ],
)
def test_representatives_follow_the_number_of_people(
    people: int, threshold: str | None, most: int | None
) -> None:
    found = RULES.threshold(people, "KN", date(2026, 11, 21))
    assert (found.id if found else None) == threshold
    assert (found.representatives_max if found else None) == most


def test_a_large_group_for_statistics_is_unverified() -> None:
    found = RULES.threshold(5, "REPORT", date(2026, 11, 21))
    assert found is not None
    assert not found.verified
    assert RULES.threshold(4, "REPORT", date(2026, 11, 21)) is None


def test_an_edition_is_chosen_by_the_day() -> None:
    assert RULES.on("KN-ACC", date(2026, 6, 30)) is None
    edition = RULES.on("KN-ACC", date(2026, 7, 1))
    assert edition is not None
    assert edition.amount == 7
    last_day = date(2026, 6, 30)
    assert [rule.id for rule in RULES.duties("chair_commune", last_day)] == ["DUTY-XA-OLD"]
    assert [rule.id for rule in RULES.duties("chair_commune", last_day + timedelta(days=1))] == [
        "DUTY-XA"
    ]


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(UnknownRule, match="KN-NOPE"):
        RULES.get("KN-NOPE")


def test_a_province_cannot_overrule_the_law() -> None:
    term = LocalTerm("KN-ACC", 3, "WD", "Quy chế", date(2026, 1, 1), True)
    with pytest.raises(UnknownRule):
        RULES.with_local([term])


def test_local_terms_are_read_from_a_provinces_file(tmp_path: Path) -> None:
    path = tmp_path / "terms.toml"
    path.write_text(
        '[[term]]\nrule = "KNPA-ANSWER"\namount = 15\nunit = "WD"\ncitation = "Quy chế"\n'
        'effective_from = 2026-01-01\nstatus = "unverified"\n',
        encoding="utf-8",
    )
    assert read_local_terms(path) == (
        LocalTerm("KNPA-ANSWER", 15, "WD", "Quy chế", date(2026, 1, 1), False),
    )
    path.write_text('[[term]]\nrule = "KNPA-ANSWER"\nunit = "WD"\n', encoding="utf-8")
    with pytest.raises(DataFault, match="amount"):
        read_local_terms(path)


@pytest.fixture
def law(tmp_path: Path) -> Path:
    """A copy of the shipped tables, to be spoilt."""
    folder = tmp_path / "law"
    shutil.copytree(LAW_FOLDER, folder)
    return folder


SPOILT = [
    ("rules-denunciation.toml", 'unit = "WD"', 'unit = "FORTNIGHT"', "FORTNIGHT"),
    ("rules-denunciation.toml", "amount = 7", "amount = 0", "at least 1"),
    ("rules-denunciation.toml", "amount = 7", "amount = true", "whole number"),
    ("rules-denunciation.toml", 'kinds = ["TC"]', 'kinds = ["TCX"]', "TCX"),
    ("rules-denunciation.toml", 'kinds = ["TC"]', "kinds = []", "kinds is empty"),
    ("rules-denunciation.toml", 'starts_on = ["received"]', 'starts_on = ["recieved"]', "recieved"),
    ("rules-denunciation.toml", 'starts_on = ["received"]', "starts_on = []", "no event"),
    ("rules-denunciation.toml", "own_competence = true", "own_competense = true", "no fact"),
    ("rules-denunciation.toml", 'extension_of = "TC-INIT"', 'extension_of = "X"', "unknown rule"),
    ("rules-denunciation.toml", 'status = "verified"', 'status = "ok"', "status"),
    ("rules-denunciation.toml", "effective_from = 2019-01-01", 'effective_from = "2019"', "date"),
    ("rules-denunciation.toml", "max_count = 1\n", "", "max_count"),
    ("rules-denunciation.toml", 'citation = "', 'cite = "', "cite"),
    ("rules-denunciation.toml", 'stage = "resolve"', 'stage = "solve"', "solve"),
    ("rules-denunciation.toml", 'source = "S3"', 'source = "S99"', "S99"),
    ("rules-denunciation.toml", 'id = "TC-PUB"', 'id = "TC-CONCL-ACT"', "two editions"),
    ("rules-complaint.toml", 'how = "earliest_of"', 'how = "latest_of"', "combine"),
    ("rules-complaint.toml", 'with = "KN-ACC-LAW"', 'with = "KN-ACC-NO"', "combined"),
    ("rules-complaint.toml", "instances = [1]", "instances = [3]", "instances"),
    ("rules-complaint.toml", 'transition = "human_confirms"', 'transition = "x"', "transition"),
    ("rules-reception.toml", "effective_to = 2025-06-30", "effective_to = 2013-06-30", "before it"),
    ("rules-reception.toml", 'office = "chair_province"', 'office = "mayor"', "mayor"),
    ("events.toml", 'after = ["received"]', 'after = ["born"]', "unknown event"),
    ("events.toml", 'id = "accepted"', 'id = "received"', "twice"),
    ("events.toml", 'implies = "second_complaint_made"', 'implies = "x"', "unknown fact"),
    ("thresholds.toml", "people_min = 5", "people = 5", "unknown key"),
    ("counting.toml", 'rule = "event_day_excluded"', "rule = 3", "text"),
    ("names.toml", 'complex = "vụ việc phức tạp"', "complex = 1", "fact"),
    ("names.toml", "[office]", "[offices]", "office"),
]


@pytest.mark.parametrize(("file", "good", "bad", "fault"), SPOILT, ids=lambda part: part[:24])
def test_a_spoilt_table_is_refused_with_file_and_line(
    law: Path, file: str, good: str, bad: str, fault: str
) -> None:
    path = law / file
    text = path.read_text(encoding="utf-8")
    assert good in text
    path.write_text(text.replace(good, bad, 1), encoding="utf-8")
    with pytest.raises(DataFault, match=fault) as raised:
        Rules.load(law)
    assert raised.value.values["file"] == file
    line = raised.value.values["line"]
    assert isinstance(line, int)
    # The named line is the spoilt one, or the head of its table.
    spoilt = text[: text.index(good)].count("\n") + 1
    assert abs(line - spoilt) <= 16


def test_the_fault_points_at_the_very_line(law: Path) -> None:
    path = law / "rules-handling.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, start=1) if line.startswith("amount = 45"))
    lines[number - 1] = "amount = -45"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataFault) as raised:
        Rules.load(law)
    assert raised.value.values["line"] == number


def test_an_ended_rule_and_its_successor_are_a_change_of_data_alone(law: Path) -> None:
    path = law / "rules-handling.toml"
    text = path.read_text(encoding="utf-8")
    start = text.index('[[rule]]\nid = "XLD-ALARM-45"')
    table = text[start : text.index("[[rule]]", start + 1)]
    ended = table.replace(
        "effective_from = 2026-07-01", "effective_from = 2026-07-01\neffective_to = 2026-12-31"
    )
    successor = table.replace("2026-07-01", "2027-01-01").replace("amount = 45", "amount = 30")
    path.write_text(text.replace(table, ended + successor), encoding="utf-8")
    changed = Rules.load(law)
    old, new = changed.editions("XLD-ALARM-45")
    assert changed.on("XLD-ALARM-45", date(2026, 12, 31)) is old
    assert changed.on("XLD-ALARM-45", date(2027, 1, 1)) is new
    assert new.amount == 30


def test_every_name_in_the_tables_is_used() -> None:
    rules = RULES.all()
    tables = RULES.names.tables
    assert tables["stage"].keys() == {rule.stage for rule in rules}
    assert tables["condition"].keys() == {code for rule in rules for code in rule.conditions}
    assert tables["office"].keys() == {rule.office for rule in rules if rule.kinds == (DUTY,)}
    assert tables["unit"].keys() == {rule.unit for rule in rules} | {"MONTH"}
    started = {event for rule in rules for event in (*rule.starts_on, *rule.ends_on)}
    pausing = {"suspended", "resumed", "extended", "withdrawn", "withdrawn_but_continued"}
    pausing |= {"reopened"}  # where a stay begins
    assert RULES.events.keys() <= started | pausing | {"terminated"}


def test_every_phrase_is_a_text_without_stray_braces() -> None:
    for key, text in phrases().items():
        assert text.count("{") == text.count("}"), key


def test_the_table_in_the_documentation_is_the_table_of_the_program() -> None:
    page = DOCS.read_text(encoding="utf-8")
    assert rule_table(RULES) in page


def test_an_office_counts_by_its_province_s_terms_where_they_stand_in_the_data_folder(
    tmp_path: Path,
) -> None:
    settings = Settings(data_dir=tmp_path)
    day = date(2026, 11, 2)
    assert rules_in_force(settings) is Rules.load()
    term = """
[[term]]
rule = "{rule}"
amount = 15
unit = "WD"
citation = "Quy chế thử"
effective_from = 2026-01-01
status = "unverified"
"""
    (tmp_path / "terms.toml").write_text(term.format(rule="KNPA-ANSWER"), encoding="utf-8")
    found = rules_in_force(settings).on("KNPA-ANSWER", day)
    assert found is not None
    assert (found.amount, found.local, found.verified) == (15, True, False)
    (tmp_path / "terms.toml").write_text(term.format(rule="KN-R1"), encoding="utf-8")
    with pytest.raises(UnknownRule):
        rules_in_force(settings)
