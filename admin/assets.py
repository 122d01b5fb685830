"""The console's own static files, read once; every address carries the content's digest."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from fastapi.responses import Response

from admin.errors import Refusal
from admin.paths import Paths

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
}
_FOR_EVER = "public, max-age=31536000, immutable"

router = Paths()


@cache
def _files() -> dict[str, tuple[bytes, str, str]]:
    """Every file by its path: content, media type, digest."""
    found = {}
    for path in sorted(_FOLDER.rglob("*")):
        if path.suffix in _TYPES:
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:12]
            found[path.relative_to(_FOLDER).as_posix()] = (content, _TYPES[path.suffix], digest)
    return found


def address_of(name: str) -> str:
    """The address of a static file, for templates; a changed file gets another one."""
    return f"/static/admin/{name}?v={_files()[name][2]}"


@router.get("/static/admin/{path:path}")
def static_file(path: str) -> Response:
    """One static file; only files of this package can be named."""
    found = _files().get(path)
    if found is None:
        raise Refusal("not-found")
    content, media_type, _ = found
    return Response(content, media_type=media_type, headers={"Cache-Control": _FOR_EVER})
