"""One-time passwords of authenticator apps: HOTP (RFC 4226) and TOTP (RFC 6238)."""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime, timedelta
from urllib.parse import quote

DIGITS = 6
STEP = timedelta(seconds=30)
_SECRET_BYTES = 20  # as long as SHA-1's output (RFC 4226, section 4, R6)
# A clock that is half a minute off, and a code typed as it changes (RFC 6238, section 5.2).
_STEPS_AROUND = 1


def new_secret() -> bytes:
    """A random shared secret."""
    return secrets.token_bytes(_SECRET_BYTES)


def hotp(secret: bytes, counter: int, *, digits: int = DIGITS, digest: str = "sha1") -> str:
    """The one-time password of a counter (RFC 4226, section 5.3).

    Apps know SHA-1 with six digits; the other digests are those of RFC 6238's test vectors.
    """
    mac = hmac.digest(secret, counter.to_bytes(8, "big"), digest)
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def step_at(now: datetime) -> int:
    """The number of the half minute since 1970."""
    return int(now.timestamp() // STEP.total_seconds())


def matching_step(secret: bytes, code: str, *, now: datetime, after: int) -> int | None:
    """The step whose password `code` is, of the present one and its neighbours; None: of none.

    Args:
        after: the step used last; it and those before it are used up, so that a code somebody
            looked over is worthless once it was typed.
    """
    typed = "".join(code.split())
    present = step_at(now)
    found = None
    for step in range(present - _STEPS_AROUND, present + _STEPS_AROUND + 1):
        # All are compared, so that the time taken says nothing.
        if hmac.compare_digest(hotp(secret, step).encode(), typed.encode("utf-8", "replace")):
            found = step
    return found if found is not None and found > after else None


def typed_secret(secret: bytes) -> str:
    """The secret as it is typed into an app that can't scan: base32 in groups of four."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def app_address(secret: bytes, *, issuer: str, account: str) -> str:
    """The `otpauth:` address an app scans as a QR code (Key URI format of authenticator apps)."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    key = base64.b32encode(secret).decode()
    return (
        f"otpauth://totp/{label}?secret={key}&issuer={quote(issuer, safe='')}"
        f"&algorithm=SHA1&digits={DIGITS}&period={int(STEP.total_seconds())}"
    )
