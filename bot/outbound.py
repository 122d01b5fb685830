"""Delivery on platforms: replies of the dialogue (table `outbox`), notices, officers' messages.

A row is leased, then sent with no transaction open, then settled. A notice is sent at least once:
its number makes a repeat recognisable. Its documents follow its words, each noted once it is
through, so that a new try goes on where the last one stopped. A question of the dialogue is sent
at most once: where nobody can say whether it arrived, the row says "uncertain". One person's
messages keep their order, each chat and each platform its pace; a platform that fails is left
alone for a while and holds up no other. What was tried for hours is declared dead and officers
see it.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

import structlog
from sqlalchemy import ColumnElement, RowMapping, Select, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from bot.channel_data import limits, seconds
from bot.messages import Channel, Enclosure, OutgoingMessage, SendFailed, fit
from bot.notices import document_caption, merged
from bot.phrases import LANGUAGES, voice
from bot.sending import SlowDown, Uncertain
from intake.clock import local_date, utc_now
from intake.conversations import (
    Sender,
    add_outbound,
    conversation_by_id,
    language_of,
    sender_of,
)
from intake.documents import (
    Delivery,
    Document,
    documents_of_notice,
    is_secret,
    note_delivery,
    note_upload,
    read_document,
)
from intake.errors import InvalidInput, StorageAway
from intake.notices import (
    Notice,
    NoticeState,
    note_progress,
    notice_by_id,
    released_with,
    settle_notice,
)
from intake.office import Office
from intake.officer_contacts import CHATS, chat_account
from intake.officer_messages import (
    OfficerMessage,
    due_messages,
    lease_message,
    settle_failed,
    settle_sent,
)
from intake.officer_wording import word_message
from intake.store.engine import Transaction
from intake.store.petitions import get_petition_by_id
from intake.store.tables import (
    conversations,
    messages,
    notices,
    officer_messages,
    outbox,
    rate_buckets,
)

_log = structlog.get_logger()
_IDLE_SECONDS = 0.25
_AWAY_SECONDS = 1.0
_LOOKED_AT = 20
_SPREAD = 0.25
_CHATS_BEFORE_ALL_WAIT = 3


class OutboxState(StrEnum):
    """Where a reply stands."""

    READY = "ready"
    LEASED = "leased"
    SENT = "sent"
    UNCERTAIN = "uncertain"  # perhaps arrived; not repeated
    DEAD = "dead"  # the person can't be reached, or hours of trying are over


DOCUMENTS_WAIT = "DocumentsWait"
"""Why a notice is held of which a template told and whose documents need the next contact."""
WAITING = (OutboxState.READY, OutboxState.LEASED)


@dataclass(frozen=True)
class Contact:
    """What routes a notice: when the person last wrote, and whether they took back consent."""

    last_inbound_at: datetime | None
    withdrawn: bool


class NoticeCarrier(Protocol):
    """A channel with more than one way to tell a person something."""

    def send_notice(
        self, to: Sender, message: OutgoingMessage, notice: Notice, contact: Contact, *, key: str
    ) -> bool:
        """Send a notice by the best way there is at this moment.

        Returns:
            True: its words arrived. False: a template that only says that there is news.

        Raises:
            SendFailed: none worked; `held` when the person's next contact will help.
        """


class DocumentCarrier(Protocol):
    """A channel that carries files to the person (`Capabilities.documents`)."""

    def send_document(
        self, to: Sender, enclosure: Enclosure, contact: Contact, *, key: str
    ) -> None:
        """Send one document of a notice whose words have arrived.

        Raises:
            SendFailed: not taken; `held` when the person's next contact will help.
        """


Wording = Callable[[Office, Transaction, Notice], OutgoingMessage]


@dataclass(frozen=True)
class _Job:
    """A leased row, ready to be sent once `at` has come."""

    to: Sender
    message: OutgoingMessage
    chat: str  # whose pace it keeps: a conversation's id, or an officer's
    attempts: int
    at: datetime
    key: str
    conversation_id: int = 0
    row_id: int = 0
    parts_sent: int = 0
    notice: Notice | None = None
    others: tuple[Notice, ...] = ()  # further ones the same message tells of
    documents: tuple[tuple[Notice, Document], ...] = ()  # still to follow, in their order
    language: str = LANGUAGES[0]
    contact: Contact | None = None
    officers: OfficerMessage | None = None

    @property
    def told(self) -> tuple[Notice, ...]:
        """Every notice the job tells of, the leased one first."""
        return () if self.notice is None else (self.notice, *self.others)

    @property
    def repeatable(self) -> bool:
        """A notice carries its number, a receipt its reference: read twice, they say the same."""
        return self.notice is not None or self.message.receipt is not None


_Claim = Callable[[Transaction, RowMapping, datetime, datetime], _Job | None]


class Outbound:
    """Delivery on one platform."""

    def __init__(
        self,
        office: Office,
        channel: Channel,
        *,
        owner: str,
        word: Wording,
        clock: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
        figures: Mapping[str, Any] | None = None,
    ) -> None:
        """Args: word: a notice as a message. figures: limits of the channel (default: the file)."""
        self._office = office
        self._channel = channel
        self._owner = owner
        self._word = word
        self._clock = clock
        self._sleep = sleep
        self._figures = figures or limits(channel.name)
        self._step = timedelta(seconds=1 / self._figures["per_second"])
        self._chat_step = timedelta(seconds=self._figures["per_chat_seconds"])
        self._stopping = threading.Event()
        self._wake = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._failures = 0
        self._slowed: set[str] = set()
        self._account: str = getattr(channel, "account", "")
        self._officers_way = next((way for way in CHATS if way == channel.name), None)

    def start(self) -> None:
        """Begin; returns at once."""
        for number in range(self._figures["senders"]):
            name = f"out-{self._channel.name}-{number}"
            thread = threading.Thread(target=self._run, name=name, daemon=True)
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
        """Something was written to the outbox: look now."""
        with self._wake:
            self._wake.notify_all()

    def send_once(self) -> bool:
        """Lease and send one message; False when none is due. Tests call it without threads.

        Raises:
            StorageAway: the database does not answer.
        """
        job = self._claim()
        if job is None:
            return False
        pause = (job.at - self._clock()).total_seconds()
        if pause > 0:
            self._sleep(pause)
        try:
            self._send(job)
        except SendFailed as error:
            self._failed(job, error)
        else:
            with self._lock:
                self._failures = 0
                self._slowed.clear()
        return True

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                sent = self.send_once()
            except StorageAway:
                _log.warning("outbox_storage_away", channel=self._channel.name)
                self._stopping.wait(_AWAY_SECONDS)
                continue
            except Exception as error:  # noqa: BLE001 - the outermost loop: delivery must go on
                _log.error("outbox", channel=self._channel.name, error=type(error).__name__)
                self._stopping.wait(_AWAY_SECONDS)
                continue
            if not sent:
                with self._wake:
                    self._wake.wait(_IDLE_SECONDS)

    # ---- leasing ----------------------------------------------------------------------------

    def _claim(self) -> _Job | None:
        now = self._clock()
        # Citizens first: what officers are told can wait for a second.
        claims: list[tuple[Select[Any], _Claim]] = [
            *((query, self._reply) for query in self._due_replies(now)),
            *((query, self._notice) for query in self._due_notices(now)),
        ]
        if self._officers_way is not None:
            claims.append((due_messages(self._officers_way, now=now), self._officers))
        with self._office.store.read() as tx:
            if all(tx.execute(query.limit(1)).first() is None for query, _ in claims):
                return None
        with self._office.store.write() as tx:
            start = self._opens_at(tx, self._channel_bucket, now)
            if start - now > self._step * 2:
                return None  # the platform's pace is spent for the moment, or it is left alone
            for query, claim in claims:
                rows = tx.execute(
                    query.limit(_LOOKED_AT).with_for_update(skip_locked=True)
                ).mappings()
                for row in rows.all():
                    job = claim(tx, row, now, start)
                    if job is not None:
                        self._take_slot(tx, job.chat, start)
                        return job
        return None

    def _due_replies(self, now: datetime) -> Iterator[Select[Any]]:
        is_first = _waiting(outbox, outbox.c.conversation_id, before=outbox.c.id).is_(None)
        yield from _due(outbox, self._channel.name, now, is_first)

    def _due_notices(self, now: datetime) -> Iterator[Select[Any]]:
        is_first = and_(
            _waiting(notices, notices.c.conversation_id, before=notices.c.id).is_(None),
            # What the dialogue still has to say was said before the notice came about.
            _waiting(outbox, notices.c.conversation_id).is_(None),
        )
        yield from _due(notices, self._channel.name, now, is_first)

    def _reply(
        self, tx: Transaction, row: RowMapping, now: datetime, start: datetime
    ) -> _Job | None:
        conversation = conversation_by_id(tx, row["conversation_id"])
        content = tx.execute(
            select(messages.c.content_sealed).where(messages.c.id == row["message_id"])
        ).scalar_one()
        opened = self._office.sealer.open(content, about=f"message:{conversation.uid}")
        message = OutgoingMessage.from_content(json.loads(opened))
        if row["state"] == OutboxState.LEASED and message.receipt is None:
            # Whoever had it died while sending: it may have arrived, and is not said twice.
            self._settle_reply(tx, row["id"], OutboxState.UNCERTAIN, error="WorkerDied")
            return None
        if self._defers(tx, outbox, row, now):
            return None
        self._lease(tx, outbox, row, now)
        return _Job(
            to=sender_of(tx, self._office.sealer, row["conversation_id"]),
            message=message,
            chat=str(row["conversation_id"]),
            conversation_id=row["conversation_id"],
            attempts=row["attempts"] + 1,
            at=start,
            key=f"reply-{row['id']}",
            row_id=row["id"],
            parts_sent=row["parts_sent"],
        )

    def _notice(
        self, tx: Transaction, row: RowMapping, now: datetime, start: datetime
    ) -> _Job | None:
        if self._defers(tx, notices, row, now):
            return None
        self._lease(tx, notices, row, now)
        notice = notice_by_id(tx, self._office.sealer, row["id"])
        others = released_with(
            tx, self._office.sealer, notice,
            owner=self._owner, now=now, lease=seconds("outbox", "lease_seconds"),
        )  # fmt: skip
        language = language_of(tx, row["conversation_id"])
        # Words that arrived are not said again when a document behind them did not.
        unsaid = [each for each in (notice, *others) if each.words_sent_at is None]
        worded = [self._word(self._office, tx, each) for each in unsaid or (notice,)]
        known = tx.execute(
            select(conversations.c.last_inbound_at, conversations.c.withdrawn_at).where(
                conversations.c.id == row["conversation_id"]
            )
        ).one()
        return _Job(
            to=sender_of(tx, self._office.sealer, row["conversation_id"]),
            message=merged(worded, language) if len(worded) > 1 else worded[0],
            chat=str(row["conversation_id"]),
            conversation_id=row["conversation_id"],
            attempts=row["attempts"] + 1,
            at=start,
            key=str(row["dedup_key"]),
            notice=notice,
            others=tuple(others),
            documents=self._following(tx, [notice, *others]),
            language=language,
            contact=Contact(known.last_inbound_at, known.withdrawn_at is not None),
        )

    def _following(
        self, tx: Transaction, told: list[Notice]
    ) -> tuple[tuple[Notice, Document], ...]:
        """The documents this channel is to carry; a denunciation's go nowhere."""
        if not self._channel.capabilities.documents:
            return ()
        found = []
        for notice in sorted(told, key=lambda each: each.id):
            waiting = [
                (notice, document)
                for document in documents_of_notice(self._office, tx, notice.id)
                if document.delivery is Delivery.WAITING
            ]
            if waiting and not is_secret(get_petition_by_id(tx, notice.petition_id)):
                found += waiting
        return tuple(found)

    def _officers(
        self, tx: Transaction, row: RowMapping, now: datetime, start: datetime
    ) -> _Job | None:
        chat = f"officer-{row['officer_id']}"
        opens = self._opens_at(tx, f"{self._channel_bucket}:{chat}", now)
        if opens > now:
            tx.execute(
                update(officer_messages)
                .where(officer_messages.c.id == row["id"])
                .values(due_at=opens)
            )
            return None
        leased = lease_message(
            self._office, tx, row,
            owner=self._owner, now=now, lease=seconds("outbox", "lease_seconds"),
        )  # fmt: skip
        if leased is None:
            return None
        account = chat_account(tx, leased.officer_id, leased.way)
        worded = word_message(self._office, leased, day=local_date(now))
        return _Job(
            to=Sender(leased.way, account, leased.to),
            message=OutgoingMessage(worded.text, topic=f"officers.{leased.purpose}"),
            chat=chat,
            attempts=leased.attempts,
            at=start,
            key=f"officers-{leased.number}",
            officers=leased,
        )

    def _lease(self, tx: Transaction, table: Any, row: RowMapping, now: datetime) -> None:
        tx.execute(
            update(table)
            .where(table.c.id == row["id"])
            .values(
                state=OutboxState.LEASED,
                lease_until=now + seconds("outbox", "lease_seconds"),
                lease_owner=self._owner,
                attempts=row["attempts"] + 1,
            )
        )

    # ---- pace -------------------------------------------------------------------------------

    @property
    def _channel_bucket(self) -> str:
        return f"out:{self._channel.name}"

    def _opens_at(self, tx: Transaction, bucket: str, now: datetime) -> datetime:
        """When the bucket lets the next message through; locks it."""
        build = sqlite_insert if self._office.store.is_sqlite else postgresql_insert
        tx.execute(build(rate_buckets).values(bucket=bucket, next_at=now).on_conflict_do_nothing())
        found: datetime = tx.execute(
            select(rate_buckets.c.next_at).where(rate_buckets.c.bucket == bucket).with_for_update()
        ).scalar_one()
        return max(found, now)

    def _defers(self, tx: Transaction, table: Any, row: RowMapping, now: datetime) -> bool:
        """Put a row off while its chat has had its message of the second."""
        opens = self._opens_at(tx, f"{self._channel_bucket}:{row['conversation_id']}", now)
        if opens <= now:
            return False
        tx.execute(update(table).where(table.c.id == row["id"]).values(due_at=opens))
        return True

    def _take_slot(self, tx: Transaction, chat: str, start: datetime) -> None:
        _set_bucket(tx, self._channel_bucket, start + self._step)
        _set_bucket(tx, f"{self._channel_bucket}:{chat}", start + self._chat_step)

    def _rest(self, tx: Transaction, job: _Job) -> None:
        """Count the chat's pace from when it was really sent: the call may have taken its time."""
        _set_bucket(
            tx,
            f"{self._channel_bucket}:{job.chat}",
            self._clock() + self._chat_step,
        )

    def _pause(self, bucket: str, until: datetime) -> None:
        with self._office.store.write() as tx:
            if self._opens_at(tx, bucket, self._clock()) < until:
                _set_bucket(tx, bucket, until)

    # ---- sending ----------------------------------------------------------------------------

    def _send(self, job: _Job) -> None:
        if job.notice is not None:
            self._send_notice(job, job.notice)
            return
        if job.officers is not None:
            self._send_to_officer(job, job.officers)
            return
        parts = fit(job.message, self._channel.capabilities)
        for number, part in enumerate(parts[job.parts_sent :], start=job.parts_sent):
            if number > job.parts_sent:
                self._note_part(job, number)
            self._channel.send(job.to, part, key=f"{job.key}-{number}")
        with self._office.store.write() as tx:
            self._settle_reply(tx, job.row_id, OutboxState.SENT)
            self._rest(tx, job)

    def _note_part(self, job: _Job, sent: int) -> None:
        """Remember how far a long message got, and keep the chat's pace between its parts."""
        until = self._clock() + self._chat_step
        with self._office.store.write() as tx:
            tx.execute(
                update(outbox)
                .where(outbox.c.id == job.row_id, outbox.c.lease_owner == self._owner)
                .values(parts_sent=sent, lease_until=until + seconds("outbox", "lease_seconds"))
            )
            _set_bucket(tx, f"{self._channel_bucket}:{job.chat}", until + self._chat_step)
        self._sleep(self._chat_step.total_seconds())

    def _send_to_officer(self, job: _Job, leased: OfficerMessage) -> None:
        # Whoever has this channel's chat with one of our bots has it with that bot alone.
        if job.to.account and job.to.account != self._account:
            raise SendFailed("OtherBot")
        for number, part in enumerate(fit(job.message, self._channel.capabilities)):
            if number:
                self._sleep(self._chat_step.total_seconds())
            self._channel.send(job.to, part, key=f"{job.key}-{number}")
        with self._office.store.write() as tx:
            self._rest(tx, job)
            settle_sent(tx, leased, owner=self._owner, now=self._clock())

    def _send_notice(self, job: _Job, notice: Notice) -> None:
        assert job.contact is not None
        if job.contact.withdrawn:
            raise SendFailed("Withdrawn", held=True)
        if any(each.words_sent_at is None for each in job.told) and not self._say(job, notice):
            return
        for number, (behind, document) in enumerate(job.documents, start=1):
            if not self._enclose(job, behind, document, number):
                return
        now = self._clock()
        with self._office.store.write() as tx:
            self._rest(tx, job)
            for each in job.told:
                self._settle_told(tx, each, now)

    def _say(self, job: _Job, notice: Notice) -> bool:
        """Send the words and note that they arrived; False: there is nothing more to do now."""
        assert job.contact is not None
        carrier = getattr(self._channel, "send_notice", None)
        in_words = True
        if carrier is not None:
            in_words = carrier(job.to, job.message, notice, job.contact, key=job.key)
        else:
            for part in fit(job.message, self._channel.capabilities):
                self._channel.send(job.to, part, key=job.key)
        now = self._clock()
        behind = {each.id for each, _ in job.documents}
        with self._office.store.write() as tx:
            self._rest(tx, job)
            mine = True
            for each in job.told:
                if each.id not in behind:
                    kept = self._settle_told(tx, each, now)
                elif in_words:
                    kept = self._note(tx, each, words_at=now)
                else:
                    # Its documents need the person's next contact, and its words come again then.
                    kept = self._note(tx, each, template_at=now) and settle_notice(
                        tx, each.id, owner=self._owner, state=NoticeState.HELD, now=now,
                        error=DOCUMENTS_WAIT,
                    )  # fmt: skip
                mine = mine and kept
            first = notice.words_sent_at is None and _not_written(tx, notice.id)
            if mine and first and (in_words or notice.id not in behind):
                add_outbound(
                    tx, self._office.sealer,
                    conversation_id=job.conversation_id,
                    uid=conversation_by_id(tx, job.conversation_id).uid,
                    content=job.message.to_content(), now=now, notice_id=notice.id,
                )  # fmt: skip
        return mine and in_words and bool(job.documents)

    def _enclose(self, job: _Job, behind: Notice, document: Document, number: int) -> bool:
        """Send one document and note it; False: the lease was lost, another worker goes on."""
        assert job.contact is not None
        self._sleep(self._chat_step.total_seconds())
        with self._office.store.write() as tx:
            if not self._note(tx, behind):
                return False
            count = len(documents_of_notice(self._office, tx, behind.id))
        try:
            content = read_document(self._office, document)
        except InvalidInput as error:
            raise SendFailed(f"document:{error.values['reason']}") from error
        now = self._clock()
        kept = document.upload_until is not None and document.upload_until > now
        enclosure = Enclosure(
            name=document.name,
            media_type=document.media_type,
            caption=document_caption(behind, document, count, voice(job.language)),
            content=content,
            upload=document.upload if kept else "",
            remember=lambda upload, life: self._remember(document, upload, life),
        )
        carrier: DocumentCarrier = self._channel  # type: ignore[assignment]
        carrier.send_document(job.to, enclosure, job.contact, key=f"{job.key}-{number}")
        with self._office.store.write() as tx:
            self._rest(tx, job)
            note_delivery(tx, document.id, Delivery.SENT, now=self._clock())
            return self._note(tx, behind)

    def _remember(self, document: Document, upload: str, life: timedelta) -> None:
        with self._office.store.write() as tx:
            note_upload(self._office, tx, document, upload, self._clock() + life)

    def _note(
        self,
        tx: Transaction,
        notice: Notice,
        *,
        words_at: datetime | None = None,
        template_at: datetime | None = None,
    ) -> bool:
        until = self._clock() + seconds("outbox", "document_lease_seconds")
        return note_progress(
            tx, notice.id, owner=self._owner, until=until,
            words_at=words_at, template_at=template_at,
        )  # fmt: skip

    def _settle_told(self, tx: Transaction, notice: Notice, now: datetime) -> bool:
        """All of a notice has arrived; what no platform may carry waits on the web page."""
        for document in documents_of_notice(self._office, tx, notice.id):
            if document.delivery is Delivery.WAITING:
                note_delivery(tx, document.id, Delivery.BY_CODE, now=now)
        return settle_notice(tx, notice.id, owner=self._owner, state=NoticeState.SENT, now=now)

    # ---- failing ----------------------------------------------------------------------------

    def _failed(self, job: _Job, error: SendFailed) -> None:
        now = self._clock()
        uncertain = isinstance(error, Uncertain)
        with self._office.store.write() as tx:
            self._rest(tx, job)
        self._spare_the_platform(job, error, now)
        if job.officers is not None:
            self._officer_not_told(job.officers, error, now)
            return
        with self._office.store.write() as tx:
            if uncertain and not job.repeatable:
                self._settle_reply(tx, job.row_id, OutboxState.UNCERTAIN, error=error.reason)
                return
            over = job.attempts >= tries_before_giving_up()
            if error.retry_after is not None and not over:
                due = now + max(error.retry_after, _backoff(job.attempts))
                self._again(tx, job, due, error.reason, now)
                return
            dead = over or not error.held
            if job.notice is None:
                self._settle_reply(tx, job.row_id, OutboxState.DEAD, error=error.reason)
            else:
                for each in job.told:
                    settle_notice(
                        tx, each.id, owner=self._owner, now=now, error=error.reason,
                        state=NoticeState.DEAD if dead else NoticeState.HELD,
                    )  # fmt: skip
        _log.warning(
            "not_delivered", channel=self._channel.name, reason=error.reason, dead=dead,
            notice=None if job.notice is None else job.notice.id,
        )  # fmt: skip

    def _officer_not_told(self, leased: OfficerMessage, error: SendFailed, now: datetime) -> None:
        """A message to an officer carries its number, so one that may have arrived is repeated."""
        with self._office.store.write() as tx:
            dead = settle_failed(
                self._office, tx, leased,
                owner=self._owner, now=now, reason=error.reason, retry_after=error.retry_after,
            )  # fmt: skip
        _log.warning(
            "officer_not_told", channel=self._channel.name, reason=error.reason, dead=dead,
            message=leased.number,
        )  # fmt: skip

    def _again(self, tx: Transaction, job: _Job, due: datetime, reason: str, now: datetime) -> None:
        if job.notice is None:
            self._settle_reply(tx, job.row_id, OutboxState.READY, error=reason, due_at=due)
            return
        for each in job.told:
            settle_notice(
                tx, each.id, owner=self._owner, state=NoticeState.READY, now=now,
                due_at=due, error=reason,
            )  # fmt: skip

    def _settle_reply(
        self,
        tx: Transaction,
        row_id: int,
        state: OutboxState,
        *,
        error: str = "",
        due_at: datetime | None = None,
    ) -> None:
        changes: dict[str, Any] = {"state": state, "lease_until": None, "last_error": error[:200]}
        if due_at is not None:
            changes["due_at"] = due_at
        tx.execute(update(outbox).where(outbox.c.id == row_id).values(**changes))
        if state is not OutboxState.READY:
            message = select(outbox.c.message_id).where(outbox.c.id == row_id).scalar_subquery()
            tx.execute(update(messages).where(messages.c.id == message).values(delivery=str(state)))

    def _spare_the_platform(self, job: _Job, error: SendFailed, now: datetime) -> None:
        """Honour a pause for the chat; pause everything when several chats or calls fail alike.

        A refusal that concerns this message alone (the night, the window, a template) says
        nothing about the others.
        """
        figures = limits("outbox")
        with self._lock:
            if isinstance(error, SlowDown):
                self._slowed.add(job.chat)
                everything = error.everything or len(self._slowed) >= _CHATS_BEFORE_ALL_WAIT
                until = now + (error.retry_after or timedelta(0))
            elif isinstance(error, Uncertain) or error.retry_after == timedelta(0):
                self._failures += 1
                everything = self._failures >= figures["breaker_failures"]
                until = now + timedelta(seconds=figures["breaker_seconds"])
            else:
                return
            if everything:
                self._failures = 0
                self._slowed.clear()
        if everything:
            _log.warning("channel_paused", channel=self._channel.name, reason=error.reason)
            self._pause(self._channel_bucket, until)
        if isinstance(error, SlowDown):
            self._pause(f"{self._channel_bucket}:{job.chat}", until)


# ---- for operators --------------------------------------------------------------------------


def counts(tx: Transaction) -> dict[tuple[str, str], int]:
    """Replies by (channel, state)."""
    query = select(outbox.c.channel, outbox.c.state, func.count()).group_by(
        outbox.c.channel, outbox.c.state
    )
    return {(channel, state): number for channel, state, number in tx.execute(query)}


def oldest_waiting(tx: Transaction) -> datetime | None:
    """When the oldest message that still has to go out was written."""
    reply = (
        select(func.min(messages.c.at))
        .join(outbox, outbox.c.message_id == messages.c.id)
        .where(outbox.c.state.in_(WAITING))
    )
    notice = select(func.min(notices.c.created_at)).where(
        notices.c.state.in_((NoticeState.READY, NoticeState.LEASED))
    )
    found = [tx.execute(query).scalar_one_or_none() for query in (reply, notice)]
    return min((at for at in found if at is not None), default=None)


def tries_before_giving_up() -> int:
    """How many tries make at least the hours of `give_up_hours`, whatever the spread."""
    figures = limits("outbox")
    wanted, waited, tries = timedelta(hours=figures["give_up_hours"]), timedelta(0), 1
    while waited < wanted:
        waited += _shortest_backoff(tries)
        tries += 1
    return tries


def _shortest_backoff(attempts: int) -> timedelta:
    figures = limits("outbox")
    first, longest = figures["first_retry_seconds"], figures["longest_retry_seconds"]
    return timedelta(seconds=min(longest, first * 2 ** min(attempts - 1, 20)))


def _backoff(attempts: int) -> timedelta:
    # Spread, so that a platform that comes back is not met by everybody at once.
    return _shortest_backoff(attempts) * (1 + _SPREAD * random.random())  # noqa: S311 - no secret


def _waiting(table: Any, conversation_id: Any, *, before: Any = None) -> Any:
    """Id of any row of a conversation that is still to be sent (and was written `before` another).

    A value, not an EXISTS: PostgreSQL turns that into a join over everything that waits, as long as
    it knows nothing of the table. The first row found ends the look-up.
    """
    earlier = table.alias()
    found = select(earlier.c.id).where(
        earlier.c.conversation_id == conversation_id, earlier.c.state.in_(WAITING)
    )
    if before is not None:
        found = found.where(earlier.c.id < before)
    return found.limit(1).scalar_subquery()


def _due(
    table: Any, channel: str, now: datetime, is_first: ColumnElement[bool]
) -> Iterator[Select[Any]]:
    """Rows of a channel that may be sent, oldest first: left by the dead, then ready ones.

    Two questions, since each is answered from an index in its own order: the first row is found
    at once, however long the queue behind it is.
    """
    for due in (
        and_(table.c.state == OutboxState.LEASED, table.c.lease_until < now),
        and_(table.c.state == OutboxState.READY, table.c.due_at <= now),
    ):
        yield (
            select(table)
            .where(table.c.channel == channel, due, is_first)
            .order_by(table.c.due_at, table.c.id)
        )


def _set_bucket(tx: Transaction, bucket: str, until: datetime) -> None:
    tx.execute(update(rate_buckets).where(rate_buckets.c.bucket == bucket).values(next_at=until))


def _not_written(tx: Transaction, notice_id: int) -> bool:
    query = select(messages.c.id).where(messages.c.notice_id == notice_id)
    return tx.execute(query).first() is None
