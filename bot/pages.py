"""The citizens' page: template, static files and what they need, read once.

Static files are addressed with a digest of their content, so that browsers may keep them for ever.
"""

from __future__ import annotations

import hashlib
import io
from functools import cache
from pathlib import Path
from typing import Any

import segno
from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.channel_data import channel_voice
from bot.phrases import voice

STATIC = "/static/chat"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; media-src blob:; form-action 'self'; "
    "manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
# What the script says by itself, by the names it uses.
_SCRIPT_TEXTS = (
    "you", "us", "typing", "sending", "failed", "retry", "offline", "online", "copy", "copied",
    "document", "download",
    "receipt", "receipt_reference", "receipt_secret", "receipt_agency", "receipt_qr", "uploading",
    "upload_failed", "file_sent", "new_messages", "locating", "locate_denied", "locate_failed",
    "recording", "record_done", "record_send", "record_drop", "record_denied",
)  # fmt: skip


@cache
def static_files() -> dict[str, tuple[bytes, str, str]]:
    """Every static file by its path: content, media type, digest."""
    found = {}
    for path in sorted(_FOLDER.rglob("*")):
        if path.suffix in _TYPES:
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:12]
            found[path.relative_to(_FOLDER).as_posix()] = (content, _TYPES[path.suffix], digest)
    return found


def static_address(name: str) -> str:
    """The address of a static file; a changed file gets another one."""
    return f"{STATIC}/{name}?v={static_files()[name][2]}"


def render_chat(language: str, **values: Any) -> str:
    """The page as HTML."""
    say = voice(language)
    texts = {name: say.sentences[f"page.{name}"] for name in _SCRIPT_TEXTS}
    texts["keep"] = say("receipt.keep")
    texts["position"] = channel_voice(language).sentences["channel.position"]
    return (
        _environment()
        .get_template("chat.html")
        .render(say=say, language=language, script_texts=texts, static=static_address, **values)
    )


def qr_code(address: str) -> bytes:
    """A QR code of an address as SVG."""
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        out, kind="svg", scale=4, border=2, dark="#0b1f33", light="#ffffff", xmldecl=False
    )
    return out.getvalue()


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("bot", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
