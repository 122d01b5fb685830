"""Works the inbox off: translate, fetch files, run the turn every channel runs, mark the row done.

Two kinds of workers share the work, so that a slow file host never delays a line of text. Nothing
is sent here; replies go to the outbox in the turn's own transaction.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import update

from bot.channel_data import channel_voice, limits
from bot.events import Event, EventKind, Media, Translator
from bot.inbox import (
    InboxState,
    Leased,
    LeaseLost,
    fail,
    finish,
    forget_old,
    lease,
)
from bot.media import MediaAway, MediaRefused
from bot.messages import IncomingMessage, SendFailed
from bot.turn import take_turn
from intake.attachments import add_attachment, check_file, write_file
from intake.clock import utc_now
from intake.conversations import (
    Conversation,
    Sender,
    add_inbound,
    add_outbound,
    answers_to,
    find_conversation,
    newest_message_id,
    open_conversation,
)
from intake.errors import InvalidInput, StorageAway, TooMany
from intake.notices import release_held
from intake.office import Office
from intake.officer_contacts import CHATS, link_chat, read_link_code
from intake.store.engine import Transaction
from intake.store.tables import conversations

_log = structlog.get_logger()
_IDLE_SECONDS = 0.25
_AWAY_SECONDS = 1.0
_HOUSEKEEPING = timedelta(hours=1)
LANGUAGE = "vi"
_WRONG_CODE = "channel.officer_code_wrong"


@dataclass(frozen=True)
class Inlet:
    """The receiving parts of one channel.

    `fetch` gets a file's bytes (raises MediaRefused, MediaAway, SendFailed); `acknowledge` tells
    the platform that a button was seen, where it wants to know (raises SendFailed).
    """

    translator: Translator
    fetch: Callable[[Media], bytes]
    acknowledge: Callable[[str], None] = lambda _: None


@dataclass(frozen=True)
class _Files:
    """What became of a message's files: uids stored, and how many could not be had.

    `spoken`: all of those stored are recordings.
    """

    stored: tuple[str, ...] = ()
    failed: int = 0
    spoken: bool = False


class InboxWorker:
    """Threads that work the inbox off. `lanes` says how many for each kind of row."""

    def __init__(
        self,
        office: Office,
        inlets: Mapping[str, Inlet],
        *,
        owner: str,
        clock: Callable[[], datetime] = utc_now,
        lanes: Mapping[InboxState, int] | None = None,
    ) -> None:
        """Args: owner: names this process among all that share the database."""
        self._office = office
        self._inlets = inlets
        self._owner = owner
        self._clock = clock
        self._lanes = lanes or {InboxState.READY: 2, InboxState.MEDIA: 2}
        self._stopping = threading.Event()
        self._wake = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._next_housekeeping: datetime | None = None

    def start(self) -> None:
        """Begin; returns at once."""
        for lane, count in self._lanes.items():
            for number in range(count):
                thread = threading.Thread(
                    target=self._run, args=(lane,), name=f"inbox-{lane}-{number}", daemon=True
                )
                thread.start()
                self._threads.append(thread)

    def stop(self) -> None:
        """Finish what is in hand and end."""
        self._stopping.set()
        self.wake()
        for thread in self._threads:
            thread.join(30)
        self._threads.clear()

    def wake(self) -> None:
        """Something was stored: look now, not at the next tick."""
        with self._wake:
            self._wake.notify_all()

    def work_once(self, lane: InboxState) -> int:
        """Lease and handle what is due; returns how many rows. Tests call it without threads.

        Raises:
            StorageAway: the database does not answer.
        """
        rows = lease(self._office, lane=lane, owner=self._owner, now=self._clock())
        for row in rows:
            self._handle(row)
        return len(rows)

    def _run(self, lane: InboxState) -> None:
        while not self._stopping.is_set():
            try:
                worked = self.work_once(lane)
                self._keep_house()
            except StorageAway:
                _log.warning("inbox_storage_away")
                self._stopping.wait(_AWAY_SECONDS)
                continue
            except Exception as error:  # noqa: BLE001 - the outermost loop: work must go on
                _log.error("inbox_worker", error=type(error).__name__)
                self._stopping.wait(_AWAY_SECONDS)
                continue
            if not worked:
                with self._wake:
                    self._wake.wait(_IDLE_SECONDS)

    def _keep_house(self) -> None:
        now = self._clock()
        if self._next_housekeeping is None or now >= self._next_housekeeping:
            self._next_housekeeping = now + _HOUSEKEEPING
            with self._office.store.write() as tx:
                forget_old(tx, now=now)

    def _handle(self, row: Leased) -> None:
        try:
            self._do(row)
        except StorageAway:
            raise  # no fault of the row; its lease runs out and it is handed out again
        except LeaseLost:
            _log.warning("inbox_lease_lost", row=row.id)
        except Exception as error:  # noqa: BLE001 - a poisonous row must not stop the others
            name = type(error).__name__
            fail(self._office, row, owner=self._owner, error=name, now=self._clock())

    def _do(self, row: Leased) -> None:
        inlet = self._inlets.get(row.channel)
        if inlet is None:
            raise LookupError("the channel is switched off")
        event = inlet.translator.translate(row.body)
        sender = Sender(row.channel, row.account, event.sender_id)
        if event.kind is EventKind.MESSAGE:
            self._converse(row, inlet, event, sender)
        else:
            self._note(row, event, sender)

    # ---- what a person said -----------------------------------------------------------------

    def _converse(self, row: Leased, inlet: Inlet, event: Event, sender: Sender) -> None:
        if event.acknowledge:
            # Best effort: the button stops spinning, or spins on.
            with contextlib.suppress(SendFailed):
                inlet.acknowledge(event.acknowledge)
        now = self._clock()
        if self._links_an_officer(row, event, sender, now):
            return
        files = self._files(row, inlet, event, sender)
        text = self._text(event, sender)
        with self._office.store.read() as tx:
            conversation = find_conversation(tx, self._office.sealer, sender)
            quiet = conversation is not None and _muted(tx, conversation, now)
        if quiet:
            self._keep_quietly(row, sender, text, files, now)
            return
        if not text and not files.stored:
            with self._office.store.write() as tx:
                self._say(tx, sender, "channel.media_failed", now, count=files.failed)
                finish(tx, row, owner=self._owner)
            return
        message = IncomingMessage(
            sender=sender,
            text=text,
            client_id=row.event_id,
            received_at=row.received_at,
            attachments=files.stored,
            spoken=files.spoken,
        )

        def settle(tx: Transaction) -> None:
            finish(tx, row, owner=self._owner)
            _in_contact(self._office, tx, sender, now)
            if files.failed:
                self._say(tx, sender, "channel.media_failed", now, count=files.failed)

        try:
            turn = take_turn(self._office, message, now=now, settle=settle)
            if turn.repeated:
                with self._office.store.write() as tx:
                    finish(tx, row, owner=self._owner)
        except TooMany:
            with self._office.store.write() as tx:
                finish(tx, row, owner=self._owner, state=InboxState.DROPPED)

    def _links_an_officer(self, row: Leased, event: Event, sender: Sender, now: datetime) -> bool:
        """Whether it was an officer's code, which links this chat to an account and says so."""
        code = read_link_code(event.text) if row.channel in CHATS else None
        if code is None:
            return False
        office = self._office
        try:
            with office.store.write() as tx:
                linked = link_chat(office, tx, sender, code, now=now)
                self._say(tx, sender, "channel.officer_linked" if linked else _WRONG_CODE, now)
                finish(tx, row, owner=self._owner)
        except TooMany:
            with office.store.write() as tx:
                finish(tx, row, owner=self._owner, state=InboxState.DROPPED)
        return True

    def _keep_quietly(
        self, row: Leased, sender: Sender, text: str, files: _Files, now: datetime
    ) -> None:
        """An officer talks with the person by hand: keep what is said, say nothing."""
        office = self._office
        with office.store.write() as tx:
            finish(tx, row, owner=self._owner)
            conversation = open_conversation(
                office.store, tx, office.sealer, sender, language=LANGUAGE, now=now
            )
            if answers_to(tx, office.sealer, conversation, row.event_id) is None:
                content = {"text": text, "files": len(files.stored)}
                add_inbound(
                    tx, office.sealer, conversation,
                    client_id=row.event_id, content=content, now=now,
                )  # fmt: skip
            _in_contact(office, tx, sender, now)

    def _text(self, event: Event, sender: Sender) -> str:
        if event.position is None:
            return event.text
        with self._office.store.read() as tx:
            conversation = find_conversation(tx, self._office.sealer, sender)
        say = channel_voice(LANGUAGE if conversation is None else conversation.language)
        place = event.position
        label = place.label or event.text
        key = "channel.position_label" if label else "channel.position"
        return say(key, latitude=place.latitude, longitude=place.longitude, label=label)

    def _files(self, row: Leased, inlet: Inlet, event: Event, sender: Sender) -> _Files:
        """Fetch and store the files, with no transaction open while the network is waited for."""
        if not event.media:
            return _Files()
        last = row.attempts >= int(limits("inbox")["tries"])
        most = int(limits("media")["most_files"])
        failed = max(0, len(event.media) - most)
        written = []
        for media in event.media[:most]:
            try:
                file = check_file(inlet.fetch(media), media.name)
            except (MediaRefused, InvalidInput):
                failed += 1
            except (MediaAway, SendFailed):
                if not last:
                    raise
                failed += 1
            else:
                written.append((file, write_file(self._office, file)))
        if not written:
            return _Files(failed=failed)
        now, office = self._clock(), self._office
        with office.store.write() as tx:
            conversation = open_conversation(
                office.store, tx, office.sealer, sender, language=LANGUAGE, now=now
            )
            uids = [
                add_attachment(office, tx, file, digest, conversation_id=conversation.id, now=now)
                for file, digest in written
            ]
        spoken = all(file.is_recording for file, _ in written)
        return _Files(tuple(uids), failed, spoken)

    # ---- what happened besides --------------------------------------------------------------

    def _note(self, row: Leased, event: Event, sender: Sender) -> None:
        now, office = self._clock(), self._office
        with office.store.write() as tx:
            finish(tx, row, owner=self._owner)
            if event.kind in (EventKind.IGNORED, EventKind.LEFT) or not event.sender_id:
                return
            conversation = open_conversation(
                office.store, tx, office.sealer, sender, language=LANGUAGE, now=now
            )
            mine = update(conversations).where(conversations.c.id == conversation.id)
            if event.kind is EventKind.TAKEN_OVER:
                hours = timedelta(hours=limits("inbox")["mute_hours"])
                tx.execute(mine.values(muted_until=now + hours))
                return
            if event.kind is EventKind.WITHDREW:
                # Whether data may be erased while a petition is open is for a person to decide.
                tx.execute(mine.values(withdrawn_at=now, person_wanted_at=now))
                _log.warning("consent_withdrawn", conversation=conversation.uid)
                return
            _in_contact(office, tx, sender, now)
            if event.kind is EventKind.UNSUPPORTED:
                self._say(tx, sender, "channel.unsupported", now)
            elif limits(row.channel)["greets"] and not newest_message_id(tx, conversation.id):
                self._say(tx, sender, "channel.welcome", now)

    def _say(
        self, tx: Transaction, sender: Sender, key: str, now: datetime, *, count: int = 0
    ) -> None:
        office = self._office
        conversation = open_conversation(
            office.store, tx, office.sealer, sender, language=LANGUAGE, now=now
        )
        message = channel_voice(conversation.language).message(key, count=count)
        add_outbound(
            tx, office.sealer,
            conversation_id=conversation.id, uid=conversation.uid,
            content=message.to_content(), now=now, to_send_on=sender.channel,
        )  # fmt: skip


def _muted(tx: Transaction, conversation: Conversation, now: datetime) -> bool:
    row = tx.execute(
        conversations.select().where(
            conversations.c.id == conversation.id, conversations.c.muted_until > now
        )
    )
    return row.first() is not None


def _in_contact(office: Office, tx: Transaction, sender: Sender, now: datetime) -> None:
    """The person was here: the window is open again, and what was held back may go."""
    conversation = find_conversation(tx, office.sealer, sender)
    assert conversation is not None
    tx.execute(
        update(conversations)
        .where(conversations.c.id == conversation.id)
        .values(last_inbound_at=now, withdrawn_at=None)
    )
    release_held(tx, conversation.id, now=now)
