"""What is committed stands alone, is small, and is plain UTF-8."""

from __future__ import annotations

import re
import unicodedata

from tests.guards.checkout import PACKAGES, ROOT, name_of, tracked_files

LARGEST = 1024 * 1024  # bytes

# Written in pieces, so that this file does not name what it forbids.
FORBIDDEN = {
    "a folder beside the project": r"\.\./" + "shared",
    "a folder of one machine": r"(?<![\w.:/-])/(?:work|root|home/\w+|Users/\w+)/",
    "a workplace of one machine": r"\.(?:library|mirror)/",
    "a package index": r"\b(?:pypi|pythonhosted|npmjs|yarnpkg)" + r"\.(?:org|com)\b",
    "a distribution's archive": r"\b(?:deb|security|archive|ports)\."
    r"(?:debian\.org|ubuntu\.com)\b",
}
PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".ico", ".woff2", ".docx", ".xlsx", ".pdf"}


def _texts() -> dict[str, str]:
    return {
        name_of(path): path.read_bytes().decode("utf-8")
        for path in tracked_files()
        if path.suffix not in PICTURES and "payloads" not in path.parts
    }


def test_no_committed_file_is_larger_than_one_mebibyte() -> None:
    large = {name_of(path) for path in tracked_files() if path.stat().st_size > LARGEST}

    assert not large


def test_nothing_committed_leans_on_a_machine_or_an_index() -> None:
    found = [
        f"{name}: {what}: {match.group()}"
        for name, text in _texts().items()
        for what, pattern in FORBIDDEN.items()
        for match in re.finditer(pattern, text)
    ]

    assert not found


def test_texts_are_composed_unicode_with_plain_line_ends() -> None:
    wrong = [
        name
        for name, text in _texts().items()
        if name.split("/")[0] in {*PACKAGES, "docs"}
        and ("\r" in text or not unicodedata.is_normalized("NFC", text))
    ]

    assert not wrong


def test_nothing_that_was_set_up_or_recorded_is_committed() -> None:
    kept_out = re.compile(r"(^|/)(\.venv|var|node_modules|__pycache__)/|\.(sqlite3|pyc|log)$")

    assert not [name_of(path) for path in tracked_files() if kept_out.search(name_of(path))]


def test_the_licence_is_the_one_declared() -> None:
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert "Apache License" in licence
    assert "Version 2.0, January 2004" in licence
