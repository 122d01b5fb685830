"""From a browser's form to an action's fields."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from admin.action_forms import FORMS, Accept, Answer, Extend, Withdraw
from admin.console.forms import Typed, fields_for
from admin.console.sign_in import _own as own_address
from intake.status import Action


def test_an_empty_field_of_a_form_is_an_absent_one() -> None:
    typed = Typed({"on": [""], "document_number": [" 12/TB "]})
    form = Accept.model_validate(fields_for(Accept, typed))
    assert form.on is None
    assert form.document_number == "12/TB"


@pytest.mark.parametrize("action", list(FORMS))
def test_a_form_sent_with_nothing_filled_in_is_refused_or_taken_but_never_breaks(
    action: Action,
) -> None:
    schema = FORMS[action].form
    empty = Typed({name: [""] for name in schema.model_fields})
    asked = {name for name, field in schema.model_fields.items() if field.is_required()}
    assert _refused(schema, fields_for(schema, empty)) <= asked


def _refused(schema: type[BaseModel], given: dict[str, Any]) -> set[str]:
    """The fields that are refused."""
    try:
        schema.model_validate(given)
    except ValidationError as refused:
        return {str(error["loc"][0]) for error in refused.errors()}
    return set()


def test_a_list_takes_every_ticked_box() -> None:
    typed = Typed({"criteria": ["3a-a", "3a-g"], "document_number": ["1"], "on": [""]})
    assert fields_for(Extend, typed)["criteria"] == ["3a-a", "3a-g"]


def test_a_box_that_is_not_ticked_is_no() -> None:
    assert fields_for(Withdraw, Typed({}))["goes_on"] is False
    assert fields_for(Withdraw, Typed({"goes_on": ["yes"]}))["goes_on"] is True


def test_a_nested_group_takes_what_was_filled_in() -> None:
    typed = Typed(
        {
            "text": ["Đúng."],
            "verdict": [""],
            "remedies.returned_money": ["18.5"],
            "remedies.disciplined_people": [""],
        }
    )
    form = Answer.model_validate(fields_for(Answer, typed))
    assert form.verdict is None
    assert form.remedies.returned_money == 18.5
    assert form.remedies.disciplined_people == 0


def test_what_no_form_asked_for_is_left_out() -> None:
    typed = Typed({"on": [""], "csrf": ["x"], "version": ["3"], "assigned_to": ["me"]})
    unticked = {name for name, value in fields_for(Accept, typed).items() if value is False}
    assert set(fields_for(Accept, typed)) - unticked == {"on"}
    assert not {"csrf", "version", "assigned_to"} & set(fields_for(Accept, typed))


def test_only_addresses_of_the_console_are_followed() -> None:
    assert own_address("/console/petitions?tab=all") == "/console/petitions?tab=all"
    for target in ("https://evil.example", "//evil.example", "/console\nx", "/chat", ""):
        assert own_address(target) == "/console"
