"""Files shown to an antivirus program: clamd, over its socket.

Citizens and platforms wait for no scan: a file is stored first, sealed, and looked at afterwards.
While the program is away files wait, unscanned, and officers don't get them. What is infected stays
sealed, the sender is told and the petition's timeline says so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import structlog

from bot.channel_data import limits
from bot.phrases import voice
from bot.turn import FETCHED
from intake.attachments import Carrier, read_stored, record_scan, unscanned_files
from intake.clamd import AntivirusAway, Clamd, NotScanned
from intake.clock import utc_now
from intake.conversations import add_outbound, conversation_by_id
from intake.errors import InvalidInput, StorageAway
from intake.office import Office
from intake.officers import SYSTEM
from intake.store.engine import Transaction
from intake.timeline import record

QUARANTINED = "file_quarantined"
_EVERY_SECONDS = 1.0
_log = structlog.get_logger()


class Antivirus:
    """Looks at what waits, in the background; does nothing where no program is configured."""

    def __init__(
        self,
        office: Office,
        *,
        clock: Callable[[], datetime] = utc_now,
        told: Callable[[], None] = lambda: None,
    ) -> None:
        """Args: told: called when something was written into a conversation.

        Raises:
            SetupRefused: the program's address is malformed.
        """
        self._office = office
        self._clock = clock
        self._told = told
        patience = float(limits("media")["scan_seconds"])
        address = office.settings.clamd_url
        self._clamd = Clamd(address, seconds=patience) if address else None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._away = False

    def start(self) -> None:
        """Begin; returns at once."""
        if self._clamd is not None:
            self._thread = threading.Thread(target=self._run, name="antivirus", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Finish the file in hand and end."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(10)

    def scan_waiting(self) -> int:
        """Look at everything that waits; returns how many files got a verdict.

        Raises:
            AntivirusAway: the program does not answer; what is left waits.
            StorageAway: the database does not answer.
        """
        done, last = 0, 0
        while self._clamd is not None and not self._stopping.is_set():
            with self._office.store.read() as tx:
                waiting = unscanned_files(tx, after=last)
            if not waiting:
                break
            for file in waiting:
                last = file.id
                try:
                    finding = self._clamd.scan(read_stored(self._office, file.sha256))
                except NotScanned as error:
                    # Held back, and tried again with the next round; the others go on.
                    _log.error("antivirus_refuses", attachment=file.id, answer=str(error))
                    continue
                except InvalidInput as error:
                    _log.error("stored_file", attachment=file.id, fault=error.values["reason"])
                    continue
                self._note(file.sha256, finding)
                done += 1
        return done

    def _note(self, digest: str, finding: str) -> None:
        office, now = self._office, self._clock()
        with office.store.write() as tx:
            carriers = record_scan(office, tx, digest, finding=finding, now=now)
            for carrier in carriers:
                self._tell(tx, carrier, now)
                if carrier.petition_id is not None:
                    record(
                        office.store, tx,
                        petition_id=carrier.petition_id, event=QUARANTINED, actor=SYSTEM,
                        now=now, values={"finding": finding},
                    )  # fmt: skip
        if carriers:
            _log.warning("file_quarantined", files=len(carriers), finding=finding)
            self._told()

    def _tell(self, tx: Transaction, carrier: Carrier, now: datetime) -> None:
        if carrier.conversation_id is None:
            return  # sent by a program or brought to the desk: officers see it
        conversation = conversation_by_id(tx, carrier.conversation_id)
        message = voice(conversation.language).message("files.infected", name=carrier.name)
        add_outbound(
            tx, self._office.sealer,
            conversation_id=conversation.id, uid=conversation.uid,
            content=message.to_content(), now=now,
            to_send_on=None if conversation.channel in FETCHED else conversation.channel,
        )  # fmt: skip

    def _run(self) -> None:
        while not self._stopping.is_set():
            pause = _EVERY_SECONDS
            try:
                self.scan_waiting()
                self._away = False
            except (AntivirusAway, StorageAway) as error:
                if not self._away:
                    _log.error("antivirus_away", error=type(error).__name__)
                self._away = True
                pause = float(limits("media")["scan_again_seconds"])
            except Exception as error:  # noqa: BLE001 - the outermost loop: scanning must go on
                _log.error("antivirus", error=type(error).__name__)
                pause = float(limits("media")["scan_again_seconds"])
            self._stopping.wait(pause)
