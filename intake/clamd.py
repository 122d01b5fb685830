"""The antivirus program clamd, over its socket.

Protocol: clamd(8), command INSTREAM with NUL-ended commands; chunks carry their length in four
bytes, an empty one ends the file.
"""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from urllib.parse import urlsplit

from intake.errors import SetupRefused

SECONDS = 60.0
"""How long an answer is waited for unless told: 20 MB take clamd a second or two."""
_CHUNK = 64 * 1024
_LONGEST_ANSWER = 4_096


class AntivirusAway(Exception):
    """The program does not answer now."""


class NotScanned(Exception):
    """The program would not look at this file; carries its own words, never the file's name."""


class Clamd:
    """The antivirus program at an address: `unix:///path` or `tcp://host:port`."""

    def __init__(self, address: str, *, seconds: float = SECONDS) -> None:
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
        self._seconds = seconds

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
