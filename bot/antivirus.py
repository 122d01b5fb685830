"""Files shown to an antivirus program: clamd, over its socket.

Citizens and platforms wait for no scan: a file is stored first, sealed, and looked at afterwards.
While the program is away files wait, unscanned, and officers don't get them. What is infected stays
sealed, the sender is told and the petition's timeline says so.

Protocol: clamd(8), command INSTREAM with NUL-ended commands; chunks carry their length in four
bytes, an empty one ends the file.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from urllib.parse import urlsplit

import structlog

from bot.channel_data import limits
from bot.phrases import voice
from bot.turn import FETCHED
from intake.attachments import Carrier, read_stored, record_scan, unscanned_files
from intake.clock import utc_now
from intake.conversations import add_outbound, conversation_by_id
from intake.errors import InvalidInput, SetupRefused, StorageAway
from intake.office import Office
from intake.officers import SYSTEM
from intake.store.engine import Transaction
from intake.timeline import record

QUARANTINED = "file_quarantined"
_CHUNK = 64 * 1024
_LONGEST_ANSWER = 4_096
_EVERY_SECONDS = 1.0
_log = structlog.get_logger()


class AntivirusAway(Exception):
    """The program does not answer now."""


class NotScanned(Exception):
    """The program would not look at this file; carries its own words, never the file's name."""


class Clamd:
    """The antivirus program at an address: `unix:///path` or `tcp://host:port`."""

    def __init__(self, address: str) -> None:
        """Raises:

        SetupRefused: the address is neither.
        """
        parts = urlsplit(address)
        try:
            port = parts.port
        except ValueError:
            port = None
        local = parts.scheme == "unix" and not parts.netloc and parts.path.startswith("/")
        self._path = parts.path if local else ""
        self._host = (parts.hostname or "", port or 0) if parts.scheme == "tcp" else ("", 0)
        if not self._path and not all(self._host):
            raise SetupRefused(reason="TIEPDAN_CLAMD_URL is unix:///path or tcp://host:port")
        self._seconds = float(limits("media")["scan_seconds"])

    def scan(self, content: bytes) -> str:
        """What was found in a file; "" for nothing.

        Raises:
            AntivirusAway: no answer.
            NotScanned: it answered that it can't say.
        """
        try:
            with self._connected() as link:
                # Whoever is past clamd's own limit is answered while still sending.
                with suppress(BrokenPipeError, ConnectionResetError):
                    link.sendall(b"zINSTREAM\0")
                    for start in range(0, len(content), _CHUNK):
                        chunk = content[start : start + _CHUNK]
                        link.sendall(struct.pack("!I", len(chunk)) + chunk)
                    link.sendall(struct.pack("!I", 0))
                answer = _answer(link)
        except OSError as error:
            raise AntivirusAway(type(error).__name__) from error
        verdict = answer.removeprefix("stream: ")
        if verdict == "OK":
            return ""
        if verdict.endswith(" FOUND"):
            return verdict.removesuffix(" FOUND")
        if not verdict:
            raise AntivirusAway("no answer")
        raise NotScanned(verdict[:100])

    def _connected(self) -> socket.socket:
        if not self._path:
            return socket.create_connection(self._host, timeout=self._seconds)
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            link.settimeout(self._seconds)
            link.connect(self._path)
        except OSError:
            link.close()
            raise
        return link


def _answer(link: socket.socket) -> str:
    said = bytearray()
    while b"\0" not in said and len(said) < _LONGEST_ANSWER:
        more = link.recv(_LONGEST_ANSWER)
        if not more:
            break
        said += more
    return said.partition(b"\0")[0].decode("utf-8", "replace").strip()


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
        self._clamd = Clamd(office.settings.clamd_url) if office.settings.clamd_url else None
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
