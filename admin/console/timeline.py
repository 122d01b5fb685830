"""The timeline in words: codes of an entry become names, days and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from admin import wording
from admin.api.schemas import is_coarse
from admin.letters.letters import letters
from admin.rendering import day_shown, instant_shown
from intake.clock import local_date
from intake.documents import Document
from intake.grounds import grounds
from intake.office import Office
from intake.petition import Petition
from intake.rules import Rule
from intake.status import Role
from intake.timeline import TimelineEntry


@dataclass(frozen=True)
class ToldEntry:
    """One entry as shown. `details`: (label, value). `to_citizen`: the citizen sees it too."""

    when: str
    what: str
    who: str
    details: Sequence[tuple[str, str]]
    to_citizen: bool


def told(
    office: Office,
    petition: Petition,
    entries: Sequence[TimelineEntry],
    names: Mapping[str, str],
    documents: Sequence[Document],
) -> list[ToldEntry]:
    """All entries, newest first.

    Args:
        names: officers' names by username.
        documents: what the petitioner was given; an entry names them by uid.
    """
    shown = {**names, **{each.uid: each.name for each in documents}}
    return [_told(office, petition, entry, shown) for entry in reversed(entries)]


def _told(
    office: Office, petition: Petition, entry: TimelineEntry, names: Mapping[str, str]
) -> ToldEntry:
    coarse = is_coarse(petition, entry)
    role = wording.ROLES[entry.actor_role]
    officer = entry.actor_role not in (Role.CITIZEN, Role.SYSTEM)
    return ToldEntry(
        when=day_shown(local_date(entry.at)) if coarse else instant_shown(entry.at),
        what=wording.EVENTS.get(entry.event, entry.event),
        who=f"{names.get(entry.actor, entry.actor)} · {role}" if officer else role,
        details=[
            (wording.EVENT_VALUES[name], _worded(office, name, value, names))
            for name, value in entry.values.items()
            if name in wording.EVENT_VALUES and value not in (None, "", [], False)
        ],
        to_citizen=entry.audience == "citizen",
    )


def _worded(office: Office, name: str, value: Any, names: Mapping[str, str]) -> str:
    if isinstance(value, list):
        return "; ".join(_worded(office, name, item, names) for item in value)
    text = str(value)
    if name == "documents":
        return names.get(text, text[:8])
    if name in ("from", "to"):
        return wording.KINDS.get(text) or _agency(office, text) or names.get(text, text)
    if name == "kind":
        return wording.KINDS.get(text, text)
    if name in ("on", "due", "decision_known_on"):
        return day_shown(date.fromisoformat(text))
    if name in ("ground", "criteria", "obstacle"):
        return _ground(text)
    if name == "reason":
        return wording.IDENTITY_REASONS.get(text, text)
    if name == "mistake":
        return wording.MISTAKES.get(text, text)
    if name == "verdict":
        return wording.VERDICTS.get(text, text)
    if name == "step":
        return office.rules.events[text].name
    if name == "facts":
        return office.rules.names.name("fact", text)
    if name == "letter":
        return letters()[text].title
    if name == "acceptance_rule":
        return rule_shown(office, office.rules.get(text))
    if name == "rule":
        return office.rules.stage_name(office.rules.get(text).stage)
    return wording.YES if value is True else text


def rule_shown(office: Office, rule: Rule) -> str:
    """A rule's length and source, where the stage's name alone would not tell two apart."""
    unit = office.rules.names.name("unit", rule.unit)
    return f"{rule.amount:02d} {unit} ({rule.citation})"


def _ground(code: str) -> str:
    return next((ground.label for ground in grounds() if ground.code == code), code)


def _agency(office: Office, code: str) -> str:
    return office.directory.get(code).short_name if code in office.directory.codes() else ""
