"""The receipt: what a citizen holds in hand after filing."""

from __future__ import annotations

from bot.dialogue.petition import cited, menu_choices, where_to_find
from bot.dialogue.steps import Filed
from bot.messages import OutgoingMessage, ReceiptCard
from bot.phrases import Voice, legal_source
from intake.petition import PetitionKind


def receipt(filed: Filed, voice: Voice) -> tuple[OutgoingMessage, ...]:
    """Two messages: the codes, then what happens next and what can be done about it."""
    due = _due_line(filed, voice)
    card = ReceiptCard(
        reference=filed.reference,
        secret=filed.secret,
        agency=filed.agency.name,
        next_date=due,
        address=filed.address,
    )
    codes = voice.message(
        "receipt.codes",
        receipt=card,
        reference=filed.reference,
        secret=filed.secret,
        agency=filed.agency.name,
        due=due,
        keep=voice("receipt.keep"),
    )
    return codes, _what_next(filed, voice)


def _due_line(filed: Filed, voice: Voice) -> str:
    if filed.message_only and filed.kind is not PetitionKind.TC:
        return voice("receipt.no_term_yet")
    if filed.next is None:
        return voice("receipt.no_date")
    return voice(
        "receipt.due",
        due=filed.next.on,
        stage=filed.next.stage,
        citation=cited(filed.next.citation, filed.next.verified, voice),
    )


def _what_next(filed: Filed, voice: Voice) -> OutgoingMessage:
    where = where_to_find(filed.agency.address, filed.agency.phone, voice)
    superior = filed.superior or filed.agency.name
    is_denunciation = filed.kind is PetitionKind.TC
    key = f"receipt.next_{filed.kind}"
    time_bar = ""
    if filed.time_bar is not None:
        time_bar = voice(
            "receipt.time_bar",
            due=filed.time_bar.on,
            citation=cited(filed.time_bar.citation, filed.time_bar.verified, voice),
        )
    signed = legal_source("signed_denunciation" if is_denunciation else "signed_complaint")
    return voice.message(
        key if voice.has(key) else "receipt.next",
        choices=menu_choices(voice),
        agency=filed.agency.name,
        where=where,
        superior=superior,
        page=voice("receipt.page", address=filed.address) if filed.address else "",
        time_bar=time_bar,
        citation=cited(signed.citation, signed.verified, voice),
    )
