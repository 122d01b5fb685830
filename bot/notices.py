"""A notice as a message: what an action wrote as data becomes a sentence in the citizen's language.

Every platform and the web say the same; a repeat carries the same number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from bot.channel_data import capabilities
from bot.dialogue.documents import GivenDocuments, Where, tell
from bot.dialogue.petition import cited, shorten
from bot.knowledge import stage_name
from bot.messages import LONGEST_AUTHORED, DocumentCard, OutgoingMessage
from bot.phrases import Voice, voice
from bot.turn import FETCHED, look_up_address
from intake.conversations import language_of
from intake.documents import Document, documents_of_notice, is_secret
from intake.errors import UnknownAgency
from intake.notices import Notice
from intake.office import Office
from intake.petition import MAY_HOLD_DENUNCIATION, Source
from intake.status import NoticeKind
from intake.store.engine import Transaction
from intake.store.petitions import get_petition_by_id

_LONGEST_QUOTE = 1_200
_LONGEST_REASON = 600


def word_notice(office: Office, tx: Transaction, notice: Notice) -> OutgoingMessage:
    """The notice in the language of its conversation, with what is to be said of its documents."""
    language = "vi" if notice.conversation_id is None else language_of(tx, notice.conversation_id)
    found = documents_of_notice(office, tx, notice.id)
    given = GivenDocuments()
    if found:
        petition = get_petition_by_id(tx, notice.petition_id)
        given = GivenDocuments(
            cards=tuple(map(document_card, found)),
            where=_where(notice.channel),
            secret=is_secret(petition),
            page=look_up_address(office, ""),
        )
    return notice_message(office, notice, voice(language), given)


def notice_message(
    office: Office, notice: Notice, say: Voice, given: GivenDocuments | None = None
) -> OutgoingMessage:
    """The notice in one language, within the length our own messages keep to."""
    values = notice.values
    opening = say("notice.opening", reference=values["reference"], number=notice.number)
    body = say(f"notice.{notice.kind}", **_filled(office, notice, say))
    documents, cards = tell(given or GivenDocuments(), say)
    text = f"{opening}\n{body}".strip()
    if len(text) + len(documents) > LONGEST_AUTHORED:
        tail = say("notice.cut")
        text = text[: LONGEST_AUTHORED - len(tail) - len(documents)].rstrip() + tail
    return OutgoingMessage(
        text + documents,
        _choices(notice.kind, say),
        topic=f"notice.{notice.kind}",
        documents=cards,
    )


def document_card(document: Document) -> DocumentCard:
    """A document as a channel can show it."""
    return DocumentCard(document.uid, document.name, document.media_type, document.size)


def document_caption(notice: Notice, document: Document, count: int, say: Voice) -> str:
    """What stands under a document that a platform carries: a repeat is known by it."""
    return say(
        "documents.caption",
        name=document.name,
        number=notice.number,
        reference=notice.values["reference"],
        position=document.position,
        count=count,
    )


def _where(channel: str) -> Where:
    if channel == Source.WEB:
        return Where.HERE
    carried = channel not in FETCHED and capabilities(channel).documents
    return Where.FOLLOWING if carried else Where.ELSEWHERE


def merged(messages: Sequence[OutgoingMessage], language: str) -> OutgoingMessage:
    """Several notices that waited for the person's next contact, as one message, newest first.

    Args:
        messages: oldest first; the newest one's choices are offered.
    """
    opening = voice(language)("notice.merged", count=len(messages))
    texts = [message.text for message in reversed(messages)]
    newest = messages[-1]
    return OutgoingMessage(
        "\n\n".join((opening, *texts)),
        newest.choices,
        topic="notice.merged",
        documents=tuple(card for message in messages for card in message.documents),
    )


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
    if notice.values.get("kind") in MAY_HOLD_DENUNCIATION:
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
