"""Receipt numbers: a public reference, and a secret part that proves whose petition it is.

The reference is random, so that gaps between numbers tell nobody how many petitions (or which
denunciations) lie between them. The secret has 60 bits, is never put in a URL, and only its
Argon2id hash is stored.
"""

from __future__ import annotations

import secrets
from datetime import date
from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

# Crockford's base 32: no I, L, O, U, so that a code read over the telephone stays the same code.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V"})
_REFERENCE_LETTERS = 6
_SECRET_LETTERS = 12

# 19 MiB and two passes: OWASP's smaller Argon2id setting; the secret is random, not a password.
_HASHER = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1),))


def new_reference(prefix: str, day: date) -> str:
    """A public petition number such as `VLG-2611-7K3QDM` (prefix, year and month, random)."""
    return f"{prefix}-{day:%y%m}-{_random(_REFERENCE_LETTERS)}"


def new_secret() -> str:
    """A secret part such as `9F3K-72QD-MZ0A` (60 random bits)."""
    letters = _random(_SECRET_LETTERS)
    return "-".join(letters[start : start + 4] for start in range(0, _SECRET_LETTERS, 4))


def normalize_reference(typed: str) -> str:
    """What a citizen typed, as a reference: upper case, no spaces around."""
    return "-".join(part for part in typed.strip().upper().replace(" ", "-").split("-") if part)


def hash_secret(secret: str) -> str:
    """The Argon2id hash that is stored (about 30 ms of work: call it outside transactions)."""
    return _HASHER.hash(_letters_of(secret))


def verify_secret(typed: str, stored_hash: str | None) -> bool:
    """Whether a typed secret is the one; `None` (no such petition) costs the same time."""
    matches = _HASHER.verify(_letters_of(typed), stored_hash or _absent())
    return matches and stored_hash is not None


@cache
def _absent() -> str:
    """A hash no secret fits, so that an unknown petition costs the same time."""
    return _HASHER.hash(new_secret())


def _letters_of(secret: str) -> str:
    kept = "".join(letter for letter in secret.upper() if letter.isalnum())
    return kept.translate(_LOOKALIKES)


def _random(count: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(count))
