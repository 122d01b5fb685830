"""A small HTTP server on 127.0.0.1 that records calls and can be told to fail.

`plan` decides each call's fault: `ok`, `drop` (does the work, closes without an answer), `reset`
(closes before doing the work), `429`, `500`, `503`, `502`, `stall`.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Part:
    """One field of a form with files; `filename` "" where it is none."""

    filename: str
    content: bytes


@dataclass(frozen=True)
class Call:
    """One call as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float

    def parts(self) -> dict[str, Part]:
        """The parts of a form with files, by field."""
        boundary = self.headers["content-type"].partition("boundary=")[2].strip('"').encode()
        found = {}
        for piece in self.body.split(b"--" + boundary)[1:-1]:
            head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            said = head.decode("utf-8")
            name = re.search(r'[; ]name="([^"]*)"', said)
            assert name is not None
            filename = re.search(r'filename="([^"]*)"', said)
            found[name.group(1)] = Part(
                filename.group(1) if filename else "", content.removesuffix(b"\r\n")
            )
        return found

    def fields(self) -> dict[str, Any]:
        """The body as JSON object or form, whichever it is."""
        if self.headers.get("content-type", "").startswith("multipart/"):
            return {
                name: part if part.filename else part.content.decode()
                for name, part in self.parts().items()
            }
        if "json" in self.headers.get("content-type", ""):
            loaded = json.loads(self.body)
            assert isinstance(loaded, dict)
            return loaded
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


Answer = tuple[int, Any]
Plan = Callable[[Call], str]


@dataclass
class Fake:
    """Base of the fakes. Subclasses answer calls in `answer`."""

    plan: Plan = field(default=lambda call: "ok")
    stall_seconds: float = 20.0
    retry_after: int = 1
    calls: list[Call] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self._released = threading.Event()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                fake._serve(self)

            def do_POST(self) -> None:
                fake._serve(self)

            def log_message(self, *_: object) -> None:
                return

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                return  # whoever called was killed; that is what these tests are about

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def answer(self, call: Call) -> Answer:
        """Status and content (bytes as they are, anything else as JSON)."""
        raise NotImplementedError

    def too_many(self) -> Answer:
        """How this platform says that it was too fast."""
        return 429, {"error": -32, "message": "limit"}

    def close(self) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        length = int(handler.headers.get("content-length") or 0)
        body = handler.rfile.read(length)
        if len(body) < length:
            # Whoever sent it was killed in the middle: no server would act on half a call.
            handler.close_connection = True
            return
        call = Call(
            handler.command,
            parts.path,
            dict(parse_qsl(parts.query)),
            {name.lower(): value for name, value in handler.headers.items()},
            body,
            time.monotonic(),
        )
        with self.lock:
            self.calls.append(call)
            fault = self.plan(call)
        if fault == "stall":
            self._released.wait(self.stall_seconds)
        if fault == "reset":
            _reset(handler)
            return
        if fault.isdigit():
            status, content = self.too_many() if fault == "429" else (int(fault), b"<html>")
        else:
            with self.lock:
                status, content = self.answer(call)
        if fault in ("drop", "stall"):
            _reset(handler)
            return
        answered = content if isinstance(content, bytes) else json.dumps(content).encode()
        try:
            handler.send_response(status)
            handler.send_header("content-length", str(len(answered)))
            handler.send_header("content-type", "application/json")
            handler.end_headers()
            handler.wfile.write(answered)
        except OSError:
            handler.close_connection = True


def _reset(handler: BaseHTTPRequestHandler) -> None:
    # Zero linger: the peer sees a reset, not an orderly end.
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()
