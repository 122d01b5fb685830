"""Every sentence a citizen reads, once in each language, with named placeholders.

`bot/texts/vi.toml` and `en.toml` hold the sentences under the same keys; functions hold none.
Law the sentences lean on is in `bot/texts/sources.toml`, with its mark.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from bot.messages import Choice, OutgoingMessage, ReceiptCard
from intake.errors import DataFault

LANGUAGES = ("vi", "en")


@dataclass(frozen=True)
class Voice:
    """The sentences of one language. Called with a key and the placeholders' values."""

    language: str
    sentences: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """The sentence, filled.

        Raises:
            KeyError: no such sentence, or a placeholder without a value: a fault of the program,
                which the tests look for.
        """
        return self.sentences[key].format_map({k: _shown(v) for k, v in values.items()})

    def has(self, key: str) -> bool:
        """Whether there is such a sentence."""
        return key in self.sentences

    def message(
        self,
        key: str,
        *,
        choices: Sequence[Choice] = (),
        receipt: ReceiptCard | None = None,
        **values: object,
    ) -> OutgoingMessage:
        """A message made of one sentence."""
        return OutgoingMessage(
            self(key, **values).strip(), choices=tuple(choices), topic=key, receipt=receipt
        )

    def choice(self, value: str, key: str = "", **values: object) -> Choice:
        """A choice labelled by the sentence `choice.VALUE` (or `key`)."""
        return Choice(value, self(key or f"choice.{value}", **values))


@cache
def voice(language: str) -> Voice:
    """The sentences of `language`.

    Raises:
        DataFault: the table is malformed.
    """
    return Voice(language, load_sentences(language))


def load_sentences(language: str) -> dict[str, str]:
    """The phrase table as dotted key → sentence.

    Raises:
        DataFault: no TOML, or something that is no sentence.
    """
    name = f"{language}.toml"
    try:
        table = tomllib.loads((files("bot") / "texts" / name).read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise DataFault(file=name, line="?", fault=str(error)) from error
    found: dict[str, str] = {}
    for group, sentences in table.items():
        for key, sentence in sentences.items():
            if not isinstance(sentence, str):
                raise DataFault(file=name, line=f"{group}.{key}", fault="no sentence")
            found[f"{group}.{key}"] = sentence
    return found


def placeholders(sentence: str) -> set[str]:
    """The names of a sentence's placeholders."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@dataclass(frozen=True)
class LegalSource:
    """What a sentence leans on."""

    citation: str
    verified: bool


@cache
def legal_source(name: str) -> LegalSource:
    """An entry of `bot/texts/sources.toml`."""
    table = tomllib.loads((files("bot") / "texts" / "sources.toml").read_text(encoding="utf-8"))
    return LegalSource(table[name]["citation"], table[name]["verified"])


def _shown(value: object) -> object:
    return f"{value:%d/%m/%Y}" if isinstance(value, date) else value
