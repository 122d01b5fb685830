"""Names for codes that are data: topics, stages, agencies of a proposal. For templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intake.office import Office
from intake.petition import Petition
from intake.topics import lexicon

_CLASS = "class:"
_WORTH_SHOWING = 1.0  # of 100; below, a proposal explains nothing


@dataclass(frozen=True)
class Proposal:
    """One agency the machine proposed; `score` 0–100."""

    name: str
    score: float
    reasons: Sequence[str]


def topic_name(petition: Petition) -> str:
    """A petition's topic in words, empty where it has none."""
    topic = lexicon().topics.get(petition.topic)
    return topic.name if topic else ""


def stage_namer(office: Office) -> Callable[[str | None], str]:
    """What a rule's deadline is for, in words; empty where there is no rule."""

    def name(rule: str | None) -> str:
        return office.rules.stage_name(office.rules.get(rule).stage) if rule else ""

    return name


def proposals(office: Office, routing: Mapping[str, Any]) -> list[Proposal]:
    """The machine's proposal as stored with the petition, best first."""
    stored = routing.get("candidates")
    return [
        Proposal(
            name=_body(office, str(row.get("agency", ""))),
            score=float(row.get("score", 0)),
            reasons=[str(reason) for reason in row.get("reasons", ())],
        )
        for row in (stored if isinstance(stored, list) else ())
        if isinstance(row, dict) and float(row.get("score", 0)) >= _WORTH_SHOWING
    ]


def _body(office: Office, code: str) -> str:
    if code.startswith(_CLASS):
        found = lexicon().classes.get(code.removeprefix(_CLASS))
        return found.name if found else code
    return office.directory.get(code).name if code in office.directory.codes() else code
