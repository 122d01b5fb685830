"""Documents agree with the program and with each other."""

from __future__ import annotations

import re
from pathlib import Path

from intake.petition import PetitionKind
from intake.settings import PREFIX, Settings
from intake.status import Action, PetitionStatus
from tests.guards.checkout import ROOT, name_of, tracked_files

OPERATIONS = ROOT / "docs" / "operations.md"
GLOSSARY = ROOT / "docs" / "glossary.md"


def _documented_settings() -> dict[str, str]:
    """Variable → its default, from the table's first two columns."""
    row = re.compile(rf"^\| `({PREFIX}\w+)` \| ([^|]*) \|", re.MULTILINE)
    return {name: cell.strip() for name, cell in row.findall(OPERATIONS.read_text("utf-8"))}


def test_every_setting_is_documented_and_every_documented_setting_exists() -> None:
    existing = {PREFIX + name.upper() for name in Settings.model_fields}

    assert set(_documented_settings()) == existing


def test_documented_defaults_are_the_real_ones() -> None:
    documented = _documented_settings()
    wrong = {}
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else str(field.default)
        shown = "–" if default == "" else f"`{default.lower() if default == 'False' else default}`"
        if documented.get(PREFIX + name.upper()) != shown:
            wrong[PREFIX + name.upper()] = (documented.get(PREFIX + name.upper()), shown)

    assert not wrong


def test_the_glossary_has_every_word_of_the_lifecycle() -> None:
    glossary = GLOSSARY.read_text("utf-8")
    words = [*PetitionKind, *PetitionStatus, *Action]

    assert [word.value for word in words if f"`{word.value}`" not in glossary] == []


def test_no_vietnamese_term_has_two_english_names() -> None:
    terms = re.findall(r"^\| ([^|`]+?) \| \*\*", GLOSSARY.read_text("utf-8"), re.MULTILINE)

    assert len(terms) > 50
    assert len(terms) == len(set(terms))


def test_every_link_between_documents_leads_somewhere() -> None:
    dead = [
        f"{name_of(path)} → {target}"
        for path in tracked_files()
        if path.suffix == ".md"
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text("utf-8"))
        if "://" not in target and not target.startswith("mailto:")
        if not _resolved(path, target).exists()
    ]

    assert not dead


def test_the_index_of_documents_is_complete() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    missing = [
        path.name
        for path in tracked_files()
        if path.suffix == ".md" and path.parent == ROOT / "docs" and path.name != "README.md"
        if f"({path.name})" not in index
    ]

    assert not missing


def _resolved(document: Path, target: str) -> Path:
    return ROOT / target.lstrip("/") if target.startswith("/") else document.parent / target
