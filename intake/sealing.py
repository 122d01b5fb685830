"""Sealing: identity, contact and petition text are stored only as authenticated ciphertext.

The keys live in a file outside the database and outside backups of it, so a stolen database
alone opens nothing. Each sealed value is bound to what it is about (record and field): moved to
another record it does not open.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from intake.errors import SealBroken, SetupRefused

_FORMAT = b"\x01"
_NONCE_BYTES = 12
_KEY_BYTES = 32


class Sealer:
    """Seals and opens texts and files with AES-256-GCM; makes keyed fingerprints for look-ups."""

    def __init__(self, keys: dict[int, bytes], current: int, fingerprint_key: bytes) -> None:
        """Args: keys: 32-byte keys by number; current: the one used to seal from now on."""
        if current not in keys or any(len(key) != _KEY_BYTES for key in keys.values()):
            raise SetupRefused(reason="the sealing key file is damaged")
        self._ciphers = {number: AESGCM(key) for number, key in keys.items()}
        self._current = current
        self._fingerprint_key = fingerprint_key

    def seal(self, text: str, *, about: str) -> bytes:
        """Ciphertext of `text`, bound to `about` ("petition:REF:body")."""
        return self.seal_bytes(text.encode("utf-8"), about=about)

    def seal_bytes(self, content: bytes, *, about: str) -> bytes:
        """Ciphertext of a file's content (in memory as a whole), bound to `about`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        header = _FORMAT + self._current.to_bytes(2, "big")
        return header + nonce + self._ciphers[self._current].encrypt(nonce, content, about.encode())

    def open(self, sealed: bytes, *, about: str) -> str:
        """The text again.

        Raises:
            SealBroken: unknown key, altered bytes, or sealed about something else.
        """
        return self.open_bytes(sealed, about=about).decode("utf-8")

    def open_bytes(self, sealed: bytes, *, about: str) -> bytes:
        """A file's content again.

        Raises:
            SealBroken: as `open`.
        """
        data = bytes(sealed)
        cipher = self._ciphers.get(int.from_bytes(data[1:3], "big"))
        if cipher is None or data[:1] != _FORMAT:
            raise SealBroken(about=about)
        try:
            return cipher.decrypt(
                data[3 : 3 + _NONCE_BYTES], data[3 + _NONCE_BYTES :], about.encode()
            )
        except (InvalidTag, ValueError) as error:  # ValueError: cut too short to hold anything
            raise SealBroken(about=about) from error

    def fingerprint(self, text: str, *, purpose: str) -> str:
        """A keyed digest (32 hex digits): equal texts can be found, none can be read back."""
        message = purpose.encode() + b"\x00" + text.encode("utf-8")
        return hmac.new(self._fingerprint_key, message, hashlib.sha256).hexdigest()[:32]


def load_sealer(path: Path, *, create: bool) -> Sealer:
    """The sealer of this installation.

    Args:
        path: the key file (JSON, mode 0600).
        create: make a new key file where none is; the caller allows it only while the database
            holds nothing sealed yet, since new keys open no old record.

    Raises:
        SetupRefused: no file and `create` is false, or the file is damaged.
    """
    if not path.exists():
        if not create:
            raise SetupRefused(reason="the sealing keys are missing; restore the key file first")
        _write_new_keys(path)
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        keys = {int(number): base64.b64decode(key) for number, key in stored["keys"].items()}
        return Sealer(keys, int(stored["current"]), base64.b64decode(stored["fingerprint"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SetupRefused(reason="the sealing key file is damaged") from error


def _write_new_keys(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = {
        "current": 1,
        "keys": {"1": base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()},
        "fingerprint": base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode(),
    }
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return  # another process of the same installation was first; its keys are the keys
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
