"""Notices into conversations whose device fetches its messages: the web and the terminal.

Nothing is sent: the notice becomes a message of the conversation in the same transaction that
marks it sent, and `notice_id` is unique, so each is written exactly once however many workers and
open pages look for it. Platforms are served by `bot/outbound.py`.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from bot.notices import word_notice
from bot.turn import FETCHED
from intake.clock import utc_now
from intake.conversations import add_outbound, conversation_by_id, has_waiting_notice
from intake.documents import Delivery, documents_of_notice, note_delivery
from intake.errors import IntakeError, StorageAway
from intake.notices import Notice, NoticeState, claim_notices, settle_notice
from intake.office import Office
from intake.store.tables import notices

_LEASE = timedelta(seconds=30)
_EVERY_SECONDS = 1.0
_AWAY_SECONDS = 5.0
_AT_ONCE = 20
_TRIES = 5
_RETRY = timedelta(minutes=5)

_log = structlog.get_logger()


def write_waiting_notices(
    office: Office,
    *,
    channel: str,
    owner: str,
    now: datetime,
    conversation_id: int | None = None,
) -> int:
    """Write what waits into its conversations, in order; returns how many were written."""
    written = 0
    while True:
        claimed = claim_notices(
            office.store, office.sealer, channel=channel, owner=owner, now=now, lease=_LEASE,
            limit=_AT_ONCE, conversation_id=conversation_id,
        )  # fmt: skip
        for notice in claimed:
            try:
                written += _write(office, notice, owner, now)
            except (IntakeError, LookupError, ValueError) as error:
                _put_off(office, notice, owner, now, error)
        if not claimed:
            return written


def _write(office: Office, notice: Notice, owner: str, now: datetime) -> bool:
    if notice.conversation_id is None:
        return False
    with office.store.write() as tx:
        message = word_notice(office, tx, notice)
        kept = settle_notice(tx, notice.id, owner=owner, state=NoticeState.SENT, now=now)
        if kept:
            conversation = conversation_by_id(tx, notice.conversation_id)
            add_outbound(
                tx, office.sealer, conversation_id=conversation.id, uid=conversation.uid,
                content=message.to_content(), now=now, notice_id=notice.id,
            )  # fmt: skip
            shown = {card.uid for card in message.documents}
            for document in documents_of_notice(office, tx, notice.id):
                delivery = Delivery.SHOWN if document.uid in shown else Delivery.BY_CODE
                note_delivery(tx, document.id, delivery, now=now)
        return kept


def _put_off(office: Office, notice: Notice, owner: str, now: datetime, error: Exception) -> None:
    """A notice that can't be worded holds up no other one; officers see it when we give up."""
    given_up = notice.attempts + 1 >= _TRIES
    with office.store.write() as tx:
        settle_notice(
            tx, notice.id, owner=owner, now=now, due_at=now + _RETRY,
            state=NoticeState.DEAD if given_up else NoticeState.READY,
            error=type(error).__name__,
        )  # fmt: skip


def _is_waiting(office: Office, channel: str, now: datetime) -> bool:
    """A look that takes no lock: nearly always there is nothing."""
    with office.store.read() as tx:
        return (
            tx.execute(
                select(notices.c.id)
                .where(
                    notices.c.channel == channel,
                    notices.c.state.in_((NoticeState.READY, NoticeState.LEASED)),
                    notices.c.due_at <= now,
                )
                .limit(1)
            ).first()
            is not None
        )


class NoticeWriter:
    """Writes notices in the background; `written` is called when there was something."""

    def __init__(
        self,
        office: Office,
        *,
        clock: Callable[[], datetime] = utc_now,
        written: Callable[[], None] = lambda: None,
    ) -> None:
        self._office = office
        self._clock = clock
        self._written = written
        self._owner = f"writer-{secrets.token_hex(6)}"
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; returns at once."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish what is in hand and end."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(10)

    def deliver_to(self, conversation_id: int) -> None:
        """Write what waits for one conversation now: its page is asking."""
        with self._office.store.read() as tx:
            if not has_waiting_notice(tx, conversation_id):
                return
            channel = conversation_by_id(tx, conversation_id).channel
        write_waiting_notices(
            self._office, channel=channel, owner=self._owner, now=self._clock(),
            conversation_id=conversation_id,
        )  # fmt: skip

    def _run(self) -> None:
        while not self._stopping.is_set():
            pause = _EVERY_SECONDS
            try:
                count = sum(
                    write_waiting_notices(
                        self._office, channel=channel, owner=self._owner, now=self._clock()
                    )
                    for channel in sorted(FETCHED)
                    if _is_waiting(self._office, channel, self._clock())
                )
                if count:
                    self._written()
            except StorageAway:
                pause = _AWAY_SECONDS
            except Exception as error:  # noqa: BLE001 - the outermost loop: delivery must go on
                _log.error("notices", error=type(error).__name__)
                pause = _AWAY_SECONDS
            self._stopping.wait(pause)
