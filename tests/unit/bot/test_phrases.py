"""Every sentence once in each language, with the same placeholders, none missing, none unused."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

import bot
from bot.phrases import LANGUAGES, load_sentences, placeholders
from intake.eligibility import Item, items
from intake.errors import IntakeError
from intake.petition import PetitionKind
from intake.rules import Rules
from intake.status import TRANSITIONS, NoticeKind, PetitionStatus

SENTENCES = {language: load_sentences(language) for language in LANGUAGES}
# Names of legal stages are law data in Vietnamese; the other languages' are phrases.
LAW_DATA = "stage."
SOURCE = Path(bot.__file__).parent


def test_every_language_has_the_same_sentences() -> None:
    vi, en = (
        {key for key in SENTENCES[lang] if not key.startswith(LAW_DATA)} for lang in ("vi", "en")
    )

    assert vi == en


@pytest.mark.parametrize("key", sorted(SENTENCES["vi"]))
def test_a_sentence_has_the_same_placeholders_in_every_language(key: str) -> None:
    assert placeholders(SENTENCES["vi"][key]) == placeholders(SENTENCES["en"][key])


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_empty_or_uses_a_placeholder_by_position(language: str) -> None:
    for key, sentence in SENTENCES[language].items():
        assert sentence.strip(), key
        for _, name, spec, conversion in string.Formatter().parse(sentence):
            assert name != ""
            assert not spec
            assert conversion is None


def test_every_stage_of_the_law_has_an_english_name() -> None:
    stages = set(Rules.load().names.tables["stage"])

    assert {
        key.removeprefix(LAW_DATA) for key in SENTENCES["en"] if key.startswith(LAW_DATA)
    } == stages


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_notice_has_its_sentence(kind: NoticeKind) -> None:
    assert f"notice.{kind}" in SENTENCES["vi"]


@pytest.mark.parametrize("kind", PetitionKind)
def test_every_kind_has_its_name(kind: PetitionKind) -> None:
    assert f"kind.{kind}" in SENTENCES["vi"]


@pytest.mark.parametrize("status", PetitionStatus)
def test_every_status_has_its_name(status: PetitionStatus) -> None:
    assert f"status.{status}" in SENTENCES["vi"]


SEEN = [row.event for row in TRANSITIONS.values() if row.notice is not None]


@pytest.mark.parametrize("event", ["petition_filed", "deadline_missed", *SEEN])
def test_every_event_a_citizen_sees_has_its_name(event: str) -> None:
    assert f"event.{event}" in SENTENCES["vi"]


ASKED = [item for item in items() if item.asked_in_chat and item.taken_from != "text"]


@pytest.mark.parametrize("item", ASKED, ids=lambda item: item.code)
def test_every_item_asked_in_a_chat_has_its_question(item: Item) -> None:
    assert f"item.{item.code}" in SENTENCES["vi"]
    if item.taken_from == "answer":
        assert f"summary.item_{item.code}" in SENTENCES["vi"]
    if not item.optional_in_chat:
        assert f"needed.{item.code}" in SENTENCES["vi"]


def errors(base: type[IntakeError] = IntakeError) -> set[type[IntakeError]]:
    return {base, *(found for child in base.__subclasses__() for found in errors(child))}


def test_every_refusal_an_action_may_raise_is_worded() -> None:
    in_actions = {error for error in errors() if error.__module__ == "intake.errors"}

    assert {f"error.{error.code}" for error in in_actions} <= SENTENCES["vi"].keys()


def literals() -> set[str]:
    """Every text in the source, with the computed middle of an f-string as `*`."""
    found: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            if isinstance(node, ast.JoinedStr):
                found.add("".join(
                    part.value if isinstance(part, ast.Constant) else "*" for part in node.values
                ))  # fmt: skip
    for path in SOURCE.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r'say\(["\']([a-z_.]+)["\']', text))
        found |= {f"{prefix}*" for prefix in re.findall(r"say\('([a-z_.]+)' ~", text)}
    return found


def test_no_sentence_is_unused() -> None:
    used = literals()
    patterns = [
        re.compile("^" + ".*".join(map(re.escape, text.split("*"))) + "$")
        for text in used
        if "*" in text and "." in text.split("*")[0]
    ]
    # `voice.choice("new")` says "choice.new"; the page's script texts are listed without prefix.
    named = {f"{group}.{text}" for text in used for group in ("choice", "page")}

    unused = {
        key
        for key in SENTENCES["vi"]
        if key not in used | named and not any(pattern.match(key) for pattern in patterns)
    }
    assert not unused


def test_no_sentence_is_missing() -> None:
    groups = {key.split(".")[0] for key in SENTENCES["vi"]}
    asked = {
        text for text in literals()
        if re.fullmatch(r"[a-z]+\.[a-z_A-Z0-9]*[a-zA-Z0-9]", text) and text.split(".")[0] in groups
    }  # fmt: skip

    assert {key for key in asked if key not in SENTENCES["vi"]} == set()


def test_people_are_addressed_in_one_way() -> None:
    other = re.compile(r"\b(bạn|quý vị|anh/chị|anh chị|quý khách)\b", re.IGNORECASE)

    assert not [key for key, sentence in SENTENCES["vi"].items() if other.search(sentence)]
