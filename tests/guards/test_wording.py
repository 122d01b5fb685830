"""Everything an officer can meet has its words."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import intake
from admin import errors, wording
from admin.action_forms import FORMS
from admin.rendering import templates
from intake.actions.answering import REMEDIES, VERDICTS
from intake.deadlines import STATES
from intake.eligibility import items
from intake.errors import IntakeError
from intake.identity import IdentityReason
from intake.notices import NoticeState
from intake.petition import PetitionKind, Source
from intake.refusals import refusal_cases
from intake.rules import Rules
from intake.status import TRANSITIONS, Action, NoticeKind, PetitionStatus, Role

CODE = re.compile(r"^[a-z][a-z_-]*$")
PACKAGE = Path(intake.__file__).parent


def all_error_codes() -> set[str]:
    for found in pkgutil.walk_packages([str(PACKAGE)], "intake."):
        if ".migrations" not in found.name:
            importlib.import_module(found.name)

    def family(kind: type[IntakeError]) -> Iterator[type[IntakeError]]:
        yield kind
        for child in kind.__subclasses__():
            yield from family(child)

    return {kind.code for kind in family(IntakeError) if kind.__module__.startswith("intake")}


def test_every_error_has_a_status_a_title_and_words() -> None:
    codes = all_error_codes()
    assert len(codes) > 15
    assert codes - set(errors.PROBLEMS) == set()
    assert set(errors.PROBLEMS) == set(wording.PROBLEMS)


def raised_constants(kind: str, keyword: str) -> Iterator[str]:
    """The literal values of a keyword wherever `kind(...)` is built in `intake` and `admin`."""
    for package in ("intake", "admin"):
        for path in (PACKAGE.parent / package).rglob("*.py"):
            if path.stem.endswith("_commands"):
                continue  # the terminal speaks English
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == kind:
                    for given in node.keywords:
                        if given.arg != keyword:
                            continue
                        for part in ast.walk(given.value):
                            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                                yield from CODE.findall(part.value)


@pytest.mark.parametrize("kind", ["InvalidInput", "NotAllowed"])
def test_every_reason_that_is_raised_has_words(kind: str) -> None:
    raised = set(raised_constants(kind, "reason"))
    assert raised
    assert raised - set(wording.REASONS) == set()


def test_every_field_that_is_refused_has_a_name() -> None:
    raised = set(raised_constants("InvalidInput", "field"))
    assert raised
    assert raised - set(wording.FIELDS) == set()


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        (wording.KINDS, set(PetitionKind)),
        (wording.STATUSES, set(PetitionStatus)),
        (wording.ROLES, set(Role)),
        (wording.ACTIONS, set(Action)),
        (wording.ACTION_HELP, set(Action)),
        (wording.NOTICES, set(NoticeKind)),
        (wording.NOTICE_STATES, set(NoticeState)),
        (wording.DEADLINE_STATES, {*STATES, "missed_done"}),
        (wording.IDENTITY_REASONS, set(IdentityReason)),
        (wording.REMEDIES, set(REMEDIES)),
        (wording.VERDICTS, {code for codes in VERDICTS.values() for code in codes}),
        (wording.ITEMS, {item.code for item in items()}),
    ],
    ids=lambda value: "" if isinstance(value, set) else None,
)
def test_a_table_words_exactly_the_codes_there_are(table: dict[str, str], codes: set[str]) -> None:
    assert set(table) == {str(code) for code in codes}
    assert all(words.strip() for words in table.values())


def test_every_source_and_event_has_words() -> None:
    assert {str(source) for source in Source} <= set(wording.SOURCES)
    events = {row.event for row in TRANSITIONS.values()}
    assert events | {"petition_filed", "identity_read", "deadline_missed"} <= set(wording.EVENTS)


def test_every_action_has_a_form_and_every_field_of_it_a_name() -> None:
    assert set(FORMS) == set(Action)
    fields = {name for row in FORMS.values() for name in row.form.model_fields}
    assert fields - set(wording.FIELDS) == set()


def test_every_refusal_of_law_allows_actions_that_exist() -> None:
    for case, row in refusal_cases().items():
        assert row["label"], case
        assert {str(name) for name in row["allowed"]} <= set(Action)


def test_every_rule_names_its_stage() -> None:
    rules = Rules.load()
    assert all(rules.stage_name(rule.stage) for rule in rules.all())


def test_every_template_can_be_read() -> None:
    environment = templates()
    names = environment.list_templates(extensions=["html"])
    assert len(names) > 10
    for name in names:
        environment.get_template(name)


def test_no_template_holds_a_script_or_style_of_its_own() -> None:
    environment = templates()
    assert environment.loader is not None
    for name in environment.list_templates(extensions=["html"]):
        source = environment.loader.get_source(environment, name)[0]
        assert "<style" not in source, name
        assert " style=" not in source, name
        assert " onclick" not in source, name
        assert "|safe" not in source.replace(" ", "") or name == "console/action.html"
