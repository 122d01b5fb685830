"""Scripted dialogues against the bot on a real database: `tests/scenarios/dialogues/*.toml`."""

from __future__ import annotations

import io
import tomllib
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from bot.delivery import NoticeWriter
from bot.messages import LONGEST_AUTHORED, IncomingMessage, OutgoingMessage
from bot.turn import take_turn
from intake import actions
from intake.attachments import add_attachment, check_file, write_file
from intake.conversations import (
    INBOUND,
    Conversation,
    Sender,
    find_conversation,
    messages_since,
    newest_message_id,
    open_conversation,
)
from intake.petition import Petition
from intake.status import Role
from intake.store.petitions import content_of, petition_columns, petition_of
from intake.store.tables import attachments, petitions
from tests.factories import build_office, officer
from tests.talking import to_summary

FOLDER = Path(__file__).parent.parent / "scenarios" / "dialogues"
START = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)  # a Saturday, 09:00 in Việt Nam
ME = "the citizen's own telephone"
KEYS = {
    "say", "until_summary", "within", "times", "form", "as", "photo", "restart", "officer",
    "topics", "has", "lacks", "petitions", "filed", "forgotten", "person_wanted",
    "petition_text", "files",
}  # fmt: skip


def scripted() -> list[Any]:
    return [
        pytest.param(dialogue, id=f"{path.stem}: {dialogue['name']}")
        for path in sorted(FOLDER.glob("*.toml"))
        for dialogue in tomllib.loads(path.read_text(encoding="utf-8"))["dialogue"]
    ]


def test_there_are_at_least_forty_five_dialogues() -> None:
    assert len(scripted()) >= 45


@pytest.mark.parametrize("dialogue", scripted())
def test_dialogue(dialogue: dict[str, Any], sqlite_url: str, tmp_path: Path) -> None:
    play = Play(sqlite_url, tmp_path)

    try:
        for turn in dialogue["turn"]:
            assert turn.keys() <= KEYS
            play.turn(turn)
    finally:
        play.office.store.close()


class Play:
    """One dialogue on one database, several people possible."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.office = build_office(url, folder)
        self.now = START
        self.known = {"reference": "", "secret": ""}

    def turn(self, turn: dict[str, Any]) -> None:
        self.now += timedelta(minutes=1)
        if turn.get("restart"):
            self.office.store.close()
            self.office = build_office(self.url, self.folder)
        sender = Sender("web", "web", turn.get("as", ME))
        if "officer" in turn:
            replies = self.officer_acts(turn["officer"], sender)
        elif "until_summary" in turn:
            replies = self.tell(turn["until_summary"], sender, turn.get("within", 6))
        else:
            replies = self.say(turn, sender)
        told = "\n".join(reply.text for reply in replies)
        if "topics" in turn:
            assert [reply.topic for reply in replies] == turn["topics"], told
        for words in turn.get("has", ()):
            assert self.fill(words) in told, told
        for words in turn.get("lacks", ()):
            assert self.fill(words) not in told
        for reply in replies:
            assert len(reply.text) <= LONGEST_AUTHORED
            assert reply.text == reply.text.strip()
        self.check(turn, sender)

    def fill(self, words: str) -> str:
        for name, value in self.known.items():
            words = words.replace(f"{{{name}}}", value)
        return words

    def say(self, turn: dict[str, Any], sender: Sender) -> list[OutgoingMessage]:
        text = self.fill(turn.get("say", "")) * turn.get("times", 1)
        text = unicodedata.normalize(turn.get("form", "NFC"), text)
        uids = (self.photo(sender),) if turn.get("photo") else ()
        message = IncomingMessage(
            sender, text, f"m-{self.now.timestamp()}", self.now, attachments=uids
        )
        replies = [reply.message for reply in take_turn(self.office, message, now=self.now).replies]
        again = take_turn(self.office, message, now=self.now)
        assert again.repeated
        assert [reply.message for reply in again.replies] == replies
        for reply in replies:
            if reply.receipt is not None:
                self.known = {
                    "reference": reply.receipt.reference, "secret": reply.receipt.secret
                }  # fmt: skip
        return replies

    def tell(self, story: str, sender: Sender, within: int) -> list[OutgoingMessage]:
        told: list[OutgoingMessage] = []

        def once(text: str) -> list[str]:
            self.now += timedelta(seconds=10)
            told[:] = self.say({"say": text}, sender)
            return [reply.topic for reply in told]

        assert to_summary(once, story) <= within
        return told

    def photo(self, sender: Sender) -> str:
        picture = io.BytesIO()
        shade = int(self.now.timestamp()) % 255
        Image.new("RGB", (8, 8), (shade, 0, 0)).save(picture, format="PNG")
        file = check_file(picture.getvalue(), "ảnh.png")
        digest = write_file(self.office, file)
        with self.office.store.write() as tx:
            conversation = open_conversation(
                self.office.store, tx, self.office.sealer, sender, language="vi", now=self.now
            )
            return add_attachment(
                self.office, tx, file, digest, conversation_id=conversation.id, now=self.now
            )

    def officer_acts(self, action: str, sender: Sender) -> list[OutgoingMessage]:
        petition, conversation = self.newest(), self.conversation(sender)
        by = officer(self.office, Role.AGENCY_CLERK, agency=petition.agency)
        with self.office.store.read() as tx:
            before = newest_message_id(tx, conversation.id)
        with self.office.store.write() as tx:
            if action == "request_information":
                actions.request_information(
                    self.office, tx, by, petition.reference,
                    message="Xin cho biết đoạn đường nào?", now=self.now,
                )  # fmt: skip
            elif action == "accept":
                actions.accept(self.office, tx, by, petition.reference, now=self.now)
            else:
                given = actions.Answer("Đã bố trí kinh phí sửa đường trong tháng 12.")
                actions.answer(self.office, tx, by, petition.reference, given, now=self.now)
        writer = NoticeWriter(self.office, clock=lambda: self.now)
        writer.deliver_to(conversation.id)
        writer.deliver_to(conversation.id)
        with self.office.store.read() as tx:
            stored = messages_since(tx, self.office.sealer, conversation, after=before)
        return [OutgoingMessage.from_content(message.content) for message in stored]

    def check(self, turn: dict[str, Any], sender: Sender) -> None:
        with self.office.store.read() as tx:
            count = tx.execute(select(func.count()).select_from(petitions)).scalar_one()
        if "petitions" in turn:
            assert count == turn["petitions"]
        if "filed" in turn:
            self.check_filed(turn["filed"])
        if "forgotten" in turn:
            words = self.fill(turn["forgotten"])
            for text in self.citizen_wrote(sender):
                assert words not in text
        if turn.get("person_wanted"):
            assert self.conversation(sender).person_wanted_at == self.now
        if "petition_text" in turn:
            with self.office.store.read() as tx:
                content = content_of(tx, self.office.sealer, self.newest())
            assert turn["petition_text"] in content.text
        if "files" in turn:
            with self.office.store.read() as tx:
                found = tx.execute(
                    select(func.count())
                    .select_from(attachments)
                    .where(attachments.c.petition_id == self.newest().id)
                ).scalar_one()
            assert found == turn["files"]

    def check_filed(self, wanted: dict[str, Any]) -> None:
        petition = self.newest()
        for name, value in wanted.items():
            match name:
                case "agency":
                    assert value == "reception_centre"
                    assert petition.agency in self.office.directory.province.reception_centres
                case "not_agency_class":
                    assert petition.agency_class != value
                case "message_only":
                    assert petition.is_message_only is value
                case "place":
                    assert (petition.commune is not None) is value
                case "petitioners":
                    with self.office.store.read() as tx:
                        content = content_of(tx, self.office.sealer, petition)
                    assert len(content.petitioners) == value
                case _:
                    assert getattr(petition, name) == value, name

    def newest(self) -> Petition:
        with self.office.store.read() as tx:
            query = select(*petition_columns()).order_by(petitions.c.id.desc()).limit(1)
            return petition_of(tx.execute(query).mappings().one())

    def conversation(self, sender: Sender) -> Conversation:
        with self.office.store.read() as tx:
            found = find_conversation(tx, self.office.sealer, sender)
        assert found is not None
        return found

    def citizen_wrote(self, sender: Sender) -> list[str]:
        with self.office.store.read() as tx:
            stored = messages_since(
                tx, self.office.sealer, self.conversation(sender), after=0, limit=1_000
            )
        return [str(m.content["text"]) for m in stored if m.direction == INBOUND]
