"""An antivirus program on a real socket: clamd's INSTREAM with NUL-ended commands.

Knows the standard harmless test file and whatever `signatures` names; refuses a stream beyond
`limit` while it is still being sent, as clamd does.
"""

from __future__ import annotations

import socketserver
import struct
import threading
from pathlib import Path
from typing import Any

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class FakeClamd:
    """Listens on a Unix socket at `path`, or on a free TCP port."""

    def __init__(self, path: Path | None = None, *, limit: int = 25 * 1024 * 1024) -> None:
        self.signatures: dict[bytes, str] = {EICAR: "Eicar-Test-Signature"}
        self.limit = limit
        self.seen: list[int] = []
        fake = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(fake._answer(self.rfile) + b"\0")

        server: type[Any]
        if path is None:
            server, address = socketserver.ThreadingTCPServer, ("127.0.0.1", 0)
        else:
            server, address = socketserver.ThreadingUnixStreamServer, str(path)
        self._server = server(address, Handler)
        self._server.daemon_threads = True
        where = self._server.server_address
        self.url = f"tcp://127.0.0.1:{where[1]}" if path is None else f"unix://{path}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def _answer(self, stream: Any) -> bytes:
        command = bytearray()
        while not command.endswith(b"\0"):
            command += stream.read(1)
        if bytes(command) != b"zINSTREAM\0":
            return b"UNKNOWN COMMAND"
        content = bytearray()
        while True:
            (length,) = struct.unpack("!I", stream.read(4))
            if length == 0:
                break
            if len(content) + length > self.limit:
                return b"INSTREAM size limit exceeded. ERROR"
            content += stream.read(length)
        self.seen.append(len(content))
        for pattern, name in self.signatures.items():
            if pattern in content:
                return f"stream: {name} FOUND".encode()
        return b"stream: OK"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def __enter__(self) -> FakeClamd:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
