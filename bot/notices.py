"""A notice as a message: what an action wrote as data becomes a sentence in the citizen's language.

Every platform and the web say the same; a repeat carries the same number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from bot.dialogue.petition import cited, shorten
from bot.knowledge import stage_name
from bot.messages import LONGEST_AUTHORED, OutgoingMessage
from bot.phrases import Voice, voice
from intake.conversations import language_of
from intake.errors import UnknownAgency
from intake.notices import Notice
from intake.office import Office
from intake.petition import PetitionKind
from intake.status import NoticeKind
from intake.store.engine import Transaction

_LONGEST_QUOTE = 1_200
_LONGEST_REASON = 600


def word_notice(office: Office, tx: Transaction, notice: Notice) -> OutgoingMessage:
    """The notice in the language of its conversation."""
    language = "vi" if notice.conversation_id is None else language_of(tx, notice.conversation_id)
    return notice_message(office, notice, voice(language))


def notice_message(office: Office, notice: Notice, say: Voice) -> OutgoingMessage:
    """The notice in one language, within the length our own messages keep to."""
    values = notice.values
    opening = say("notice.opening", reference=values["reference"], number=notice.number)
    body = say(f"notice.{notice.kind}", **_filled(office, notice, say))
    text = f"{opening}\n{body}".strip()
    if len(text) > LONGEST_AUTHORED:
        tail = say("notice.cut")
        text = text[: LONGEST_AUTHORED - len(tail)].rstrip() + tail
    return OutgoingMessage(text, _choices(notice.kind, say), topic=f"notice.{notice.kind}")


def merged(messages: Sequence[OutgoingMessage], language: str) -> OutgoingMessage:
    """Several notices that waited for the person's next contact, as one message, newest first.

    Args:
        messages: oldest first; the newest one's choices are offered.
    """
    opening = voice(language)("notice.merged", count=len(messages))
    texts = [message.text for message in reversed(messages)]
    newest = messages[-1]
    return OutgoingMessage("\n\n".join((opening, *texts)), newest.choices, topic="notice.merged")


def _choices(kind: NoticeKind, say: Voice) -> tuple[Any, ...]:
    if kind is NoticeKind.INFORMATION_REQUESTED:
        return (say.choice("add"),)
    if kind in (NoticeKind.WITHDRAWN, NoticeKind.CLOSED, NoticeKind.FILED):
        return ()
    return (say.choice("status"), say.choice("person"))


def _filled(office: Office, notice: Notice, say: Voice) -> dict[str, object]:
    values = notice.values
    labels = values.get("labels") or []
    rule = office.rules.get(values["rule"]) if values.get("rule") else None
    return {
        "agency": _agency_name(office, values.get("agency"), say),
        "to": _agency_name(office, values.get("to"), say),
        "to_kind": say(f"kind.{values['to']}") if notice.kind is NoticeKind.RECLASSIFIED else "",
        "label": str(values.get("label") or ", ".join(map(str, labels))),
        "citation": (
            cited(rule.citation, rule.verified_on(_day(values.get("due"))), say)
            if notice.kind is NoticeKind.DEADLINE_MISSED and rule is not None
            else str(values.get("citation", ""))
        ),
        "stage": "" if rule is None else stage_name(office, rule.stage, say.language),
        "missed_on": _day(values.get("due")),
        "on": _day(values.get("on")),
        "message": shorten(str(values.get("message", "")), _LONGEST_QUOTE),
        "document": _part(say, "document", number=values.get("document_number")),
        "explanation": _part(say, "explanation", explanation=values.get("explanation")),
        "reason": _part(say, "reason", reason=values.get("reason")),
        "text": _result(notice, say),
        "due": _due(office, notice.values, say),
    }


def _result(notice: Notice, say: Voice) -> str:
    if notice.values.get("kind") == PetitionKind.TC:
        return "\n" + say("notice.answered_kept")
    text = str(notice.values.get("text", ""))
    return say("notice.text", text=text[:_LONGEST_QUOTE].rstrip()) if text else ""


def _part(say: Voice, key: str, **values: object) -> str:
    """An optional part of a notice: "" when its one value is missing."""
    (name, value), *_ = values.items()
    if not value:
        return ""
    return say(f"notice.{key}", **{name: shorten(str(value), _LONGEST_REASON)})


def _due(office: Office, values: Mapping[str, Any], say: Voice) -> str:
    if not values.get("due") or not values.get("rule"):
        return ""
    rule = office.rules.get(values["rule"])
    stage = stage_name(office, rule.stage, say.language)
    return say("notice.due", due=_day(values["due"]), stage=stage)


def _day(text: object) -> date:
    return date.fromisoformat(str(text)) if text else date.min


def _agency_name(office: Office, code: object, say: Voice) -> str:
    """The agency's name; a code that is none (a kind, an unknown one) stays as it is."""
    if not code:
        return say("notice.some_agency")
    try:
        return office.directory.get(str(code)).name
    except UnknownAgency:
        return str(code)
