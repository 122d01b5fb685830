"""Documents in the web chat: a card with a download for whoever may have it, and nobody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from admin.app import create_app
from bot.app import mount
from bot.messages import LONGEST_AUTHORED
from bot.web_channel import COOKIE
from intake import actions
from intake.conversations import (
    Sender,
    find_conversation,
    messages_since,
    open_conversation,
)
from intake.documents import Delivery, given_documents, hand_in
from intake.notices import NoticeState
from intake.petition import MAY_HOLD_DENUNCIATION, Petition, PetitionKind, Source
from intake.status import Action
from intake.store.tables import notices
from tests.factories import build_office, officer, submission
from tests.integration.test_chat_http import SESSION, Chat
from tests.papers import PDF, picture, send_with

OTHER = "another-session-of-a-test"


@pytest.fixture
def chat(database_url: str, tmp_path: Path) -> Iterator[Chat]:
    office = build_office(database_url, tmp_path)
    app = create_app(office, clock=lambda: chat.now, mounts=(mount,), work=False)
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as http:
        chat = Chat(office, http)
        yield chat
    office.store.close()


def filed(chat: Chat, kind: PetitionKind = PetitionKind.KNPA) -> tuple[Petition, str]:
    """A petition of the session, with the secret of its receipt."""
    office = chat.office
    receipt = actions.new_receipt(office, now=chat.now)
    with office.store.write() as tx:
        conversation = open_conversation(
            office.store, tx, office.sealer, Sender(Source.WEB, "web", SESSION),
            language="vi", now=chat.now,
        )  # fmt: skip
        done = actions.file_petition(
            office, tx, submission(office, kind, conversation_id=conversation.id), receipt,
            now=chat.now,
        )  # fmt: skip
    return done.petition, done.secret


def send(chat: Chat, petition: Petition, *papers: tuple[str, bytes], **how: Any) -> None:
    by = officer(chat.office, denunciations=True)
    send_with(chat.office, by, petition.reference, *papers, now=chat.now, **how)


def cards(chat: Chat, session: str = SESSION) -> list[dict[str, Any]]:
    return [card for said in chat.since(session=session) for card in said.get("documents", ())]


def get(chat: Chat, path: str, session: str = SESSION) -> Any:
    answer = chat.http.get(path, headers={"Cookie": f"{COOKIE}={session}"})
    chat.http.cookies.clear()
    return answer


def test_the_document_stands_below_the_words_it_belongs_to(chat: Chat) -> None:
    petition, _ = filed(chat)
    send(chat, petition, ("Giấy mời.pdf", PDF), ("sơ đồ.png", picture(kind="PNG")))

    told = chat.since()[-1]
    assert "Văn bản kèm theo (2) ở ngay dưới tin này." in told["text"]
    first, second = told["documents"]
    assert (first["name"], first["kind"], first["size"]) == ("Giấy mời.pdf", "PDF", len(PDF))
    assert (second["name"], second["kind"]) == ("sơ đồ.png", "PNG")
    with chat.office.store.read() as tx:
        given = given_documents(chat.office, tx, petition.id)
        assert tx.execute(select(notices.c.state)).scalars().all()[-1] == NoticeState.SENT
    assert [each.delivery for each in given] == [Delivery.SHOWN] * 2


def test_the_page_without_script_shows_the_card_and_its_download(chat: Chat) -> None:
    petition, _ = filed(chat)
    send(chat, petition, ("Giấy <mời>.pdf", PDF))
    page = get(chat, "/chat").text
    (card,) = cards(chat)

    assert f'<a class="document" href="{card["address"]}" download>' in page
    assert "Giấy &lt;mời&gt;.pdf" in page
    answer = get(chat, card["address"])
    assert answer.content == PDF
    assert answer.headers["content-type"] == "application/pdf"
    name = unquote(answer.headers["content-disposition"])
    assert name == "attachment; filename*=UTF-8''Giấy <mời>.pdf"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


def test_a_program_downloads_it_by_its_session(chat: Chat) -> None:
    petition, _ = filed(chat)
    send(chat, petition, ("Giấy mời.pdf", PDF))
    (card,) = cards(chat)

    path = f"/api/v1/chat/{SESSION}/documents/{card['uid']}"
    assert chat.http.get(path).content == PDF
    assert chat.http.get(path.replace(SESSION, OTHER)).status_code == 404


def test_no_other_session_opens_a_document_and_nobody_one_that_was_not_given(chat: Chat) -> None:
    petition, _ = filed(chat)
    send(chat, petition, ("Giấy mời.pdf", PDF))
    (card,) = cards(chat)
    chat.say("xin chào", session=OTHER)
    kept = hand_in(
        chat.office, officer(chat.office), petition.reference, PDF, "nháp.pdf", now=chat.now
    )

    assert get(chat, card["address"], OTHER).status_code == 404
    assert get(chat, card["address"], "").status_code == 404
    assert get(chat, f"/chat/documents/{kept.uid}").status_code == 404
    assert get(chat, "/chat/documents/" + "0" * 32).status_code == 404
    assert get(chat, card["address"]).status_code == 200


def test_a_look_up_offers_what_was_given_before(chat: Chat) -> None:
    petition, _ = filed(chat)
    send(chat, petition, ("Giấy mời.pdf", PDF))
    (reply,) = chat.say(petition.reference).json()["replies"]

    assert "cơ quan gửi văn bản" in reply["text"]
    assert [card["name"] for card in reply["documents"]] == ["Giấy mời.pdf"]


def test_number_and_secret_open_it_on_another_device(chat: Chat) -> None:
    petition, secret = filed(chat)
    send(chat, petition, ("Giấy mời.pdf", PDF))
    (card,) = cards(chat)
    chat.say(petition.reference, session=OTHER)
    chat.say("AAAA-AAAA-AAAA", session=OTHER)
    assert cards(chat, OTHER) == []
    assert get(chat, card["address"], OTHER).status_code == 404

    chat.say(f"{petition.reference} {secret}", session=OTHER)
    assert [each["name"] for each in cards(chat, OTHER)] == ["Giấy mời.pdf"]
    assert get(chat, card["address"], OTHER).content == PDF


@pytest.mark.parametrize("kind", MAY_HOLD_DENUNCIATION)
def test_a_denunciations_document_opens_for_number_and_secret_alone(
    chat: Chat, kind: PetitionKind
) -> None:
    petition, secret = filed(chat, kind)
    send(chat, petition, ("Tra loi ba Kin.pdf", PDF))
    told = chat.since()[-1]
    assert "Có văn bản kèm theo (1)" in told["text"]
    with chat.office.store.read() as tx:
        (document,) = given_documents(chat.office, tx, petition.id)
    address = f"/chat/documents/{document.uid}"
    assert get(chat, address).status_code == 404

    (reply,) = chat.say(petition.reference).json()["replies"]
    assert "documents" not in reply
    assert all("Kin" not in json.dumps(said) for said in chat.since())
    assert get(chat, address).status_code == 404

    (reply,) = chat.say(f"{petition.reference} {secret}").json()["replies"]
    assert [card["name"] for card in reply["documents"]] == ["Tra loi ba Kin.pdf"]
    assert get(chat, address).content == PDF
    with chat.office.store.read() as tx:
        conversation = open_chat(chat, tx)
        kept = messages_since(tx, chat.office.sealer, conversation, after=0)
    assert all(secret not in str(said.content) for said in kept)


@pytest.mark.parametrize("kind", MAY_HOLD_DENUNCIATION)
def test_half_an_hour_later_a_denunciations_document_needs_both_codes_again(
    chat: Chat, kind: PetitionKind
) -> None:
    petition, secret = filed(chat, kind)
    send(chat, petition, ("Tra loi ba Kin.pdf", PDF))
    chat.say(f"{petition.reference} {secret}")
    (card,) = cards(chat)
    chat.now += timedelta(minutes=29)
    assert get(chat, card["address"]).status_code == 200

    chat.now += timedelta(minutes=2)
    assert get(chat, card["address"]).status_code == 404
    assert "Kin" not in get(chat, "/chat").text
    (reply,) = chat.say(petition.reference).json()["replies"]
    assert "documents" not in reply
    (wrong,) = chat.say(f"{petition.reference} AAAA-AAAA-AAAA").json()["replies"]
    assert "documents" not in wrong

    chat.say(f"{petition.reference} {secret}")
    assert get(chat, card["address"]).status_code == 200


def open_chat(chat: Chat, tx: Any) -> Any:
    return find_conversation(tx, chat.office.sealer, Sender(Source.WEB, "web", SESSION))


def test_the_longest_answer_leaves_room_for_the_words_about_its_documents(chat: Chat) -> None:
    petition, _ = filed(chat)
    send(
        chat, petition, ("Quyết định.pdf", PDF), action=Action.ANSWER,
        text="Nội dung rất dài. " * 900, document_number="12/QĐ",
    )  # fmt: skip

    told = chat.since()[-1]
    assert len(told["text"]) <= LONGEST_AUTHORED
    assert told["text"].endswith("Văn bản kèm theo (1) ở ngay dưới tin này.")
    assert [card["name"] for card in told["documents"]] == ["Quyết định.pdf"]


def test_in_english_the_words_are_english(chat: Chat) -> None:
    petition, _ = filed(chat)
    chat.say("English")
    send(chat, petition, ("letter.pdf", PDF))
    assert "Documents (1) are right below this message." in chat.since()[-1]["text"]
