"""Where a dialogue stands, as frozen data that survives restarts and new releases.

A state is stored sealed as JSON with a version. What can't be read any more (an older shape, a
damaged row) is no error: the dialogue starts afresh, and what was filed is filed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from bot.messages import Choice

VERSION = 1
LANGUAGES = ("vi", "en")


@dataclass(frozen=True)
class Draft:
    """A petition in the making: what the citizen said, and what was settled about it.

    `kind` and `agency` are empty while the machine's own proposal stands; `settled` names the
    questions that are done, in order, so that "quay lại" can undo the last one. `messages` counts
    the citizen's messages since it began.
    """

    text: str = ""
    kind: str = ""
    place_text: str = ""
    commune: str = ""
    route_answer: str = ""
    agency: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    address: str = ""
    phone: str = ""
    email: str = ""
    attachments: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()
    messages: int = 0

    def settle(self, question: str, **changes: Any) -> Draft:
        """The draft with one more question done."""
        kept = tuple(key for key in self.settled if key != question)
        return replace(self, settled=(*kept, question), **changes)

    def unsettle(self, question: str, **changes: Any) -> Draft:
        """The draft with a question open again."""
        kept = tuple(key for key in self.settled if key != question)
        return replace(self, settled=kept, **changes)


@dataclass(frozen=True)
class State:
    """One conversation's dialogue.

    `asked` names the open question ("" none), `offered` its choices. `subject` is the petition a
    status, an addition or a withdrawal is about; `proven` are petitions of other conversations
    whose secret part the citizen has shown here. `later` holds further petitions split off the
    present one.
    """

    language: str = "vi"
    asked: str = ""
    offered: tuple[Choice, ...] = ()
    draft: Draft | None = None
    subject: str = ""
    proven: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    greeted: bool = False
    misread: int = 0

    def idle(self, **changes: Any) -> State:
        """The state with nothing asked and nothing in the making."""
        return replace(
            self,
            **{
                "asked": "", "offered": (), "draft": None, "subject": "", "misread": 0,
                "attachments": (), **changes,
            },
        )  # fmt: skip


def dump_state(state: State) -> str:
    """The state as JSON."""
    content = asdict(state)
    content["offered"] = [[choice.value, choice.label] for choice in state.offered]
    return json.dumps({"version": VERSION, **content}, ensure_ascii=False)


def load_state(stored: str | None) -> State:
    """The stored state, or a fresh one where it can't be read."""
    if stored is None:
        return State()
    try:
        content = json.loads(stored)
        return _state(content)
    except (ValueError, KeyError, TypeError):
        return State()


def _state(content: Any) -> State:
    if not isinstance(content, dict) or content.pop("version", None) != VERSION:
        raise ValueError("another version")
    draft = content.pop("draft")
    state = State(
        **_known(State, content, but=("draft", "offered")),
        offered=tuple(Choice(str(value), str(label)) for value, label in content["offered"]),
        draft=None if draft is None else _draft(draft),
    )
    if state.language not in LANGUAGES:
        raise ValueError("unknown language")
    return state


def _draft(content: Mapping[str, Any]) -> Draft:
    known = _known(Draft, content, but=("answers",))
    answers = {str(key): str(value) for key, value in content["answers"].items()}
    return Draft(**known, answers=answers)


def _known(shape: type[State | Draft], content: Mapping[str, Any], *, but: tuple[str, ...]) -> Any:
    values: dict[str, Any] = {}
    blank = shape()
    for item in fields(shape):
        if item.name in but:
            continue
        value, example = content[item.name], getattr(blank, item.name)
        if isinstance(example, tuple):
            value = tuple(str(part) for part in value)
        elif type(value) is not type(example):
            raise ValueError(item.name)
        values[item.name] = value
    return values
