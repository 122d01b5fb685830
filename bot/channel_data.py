"""Limits and error tables of the channels, read from data files beside this module."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from bot.messages import Capabilities
from bot.phrases import Voice, load_sentences
from intake.errors import DataFault

LIMITS_FILE = "channel_limits.toml"
ERRORS_FILE = "zalo_errors.toml"


class Remedy(StrEnum):
    """What is done about a platform's refusal."""

    REFRESH = "refresh"  # renew the access token once, repeat once
    SLOW = "slow"  # slow down, try again
    WINDOW = "window"  # the person wrote too long ago: take another route
    NIGHT = "night"  # hold until the morning
    UNREACHABLE = "unreachable"  # this person can't be reached on this route
    UPLOAD = "upload"  # the platform no longer keeps an uploaded file: upload it again once
    FAULT = "fault"  # our own mistake: repeating changes nothing
    OPERATOR = "operator"  # a person has to put something right; try again later


@dataclass(frozen=True)
class ErrorRow:
    """One code of one host: what it means and what is done."""

    host: str
    code: int
    remedy: Remedy
    meaning: str
    verified: bool


@cache
def limits(section: str) -> Mapping[str, Any]:
    """The figures of a section of `channel_limits.toml`, by name.

    Raises:
        DataFault: the file is malformed or has no such section.
    """
    table = _toml(LIMITS_FILE)
    try:
        return {name: entry["value"] for name, entry in table[section].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise DataFault(file=LIMITS_FILE, line=section, fault="no figures") from error


def seconds(section: str, name: str) -> timedelta:
    """A figure given in seconds."""
    return timedelta(seconds=limits(section)[name])


def capabilities(channel: str) -> Capabilities:
    """What a platform can show."""
    figures = limits(channel)
    return Capabilities(
        choices=figures["choices"], longest=figures["longest"], documents=figures["documents"]
    )


@cache
def zalo_errors() -> Mapping[tuple[str, int], ErrorRow]:
    """Refusals of Zalo's hosts (`oa`, `phone`, `oauth`) by host and code.

    Raises:
        DataFault: the file is malformed, or a code stands twice.
    """
    rows: dict[tuple[str, int], ErrorRow] = {}
    for group in _toml(ERRORS_FILE)["refusal"]:
        try:
            remedy = Remedy(group["remedy"])
            for code in group["codes"]:
                row = ErrorRow(group["host"], code, remedy, group["meaning"], group["verified"])
                if (row.host, row.code) in rows:
                    raise DataFault(file=ERRORS_FILE, line=str(code), fault="stands twice")
                rows[row.host, row.code] = row
        except (KeyError, ValueError) as error:
            raise DataFault(file=ERRORS_FILE, line=str(group), fault="malformed") from error
    return rows


@cache
def channel_voice(language: str) -> Voice:
    """Sentences that only platform channels need (`bot/texts/channels.*.toml`)."""
    return Voice(language, load_sentences(f"channels.{language}"))


def _toml(name: str) -> dict[str, Any]:
    try:
        return tomllib.loads((files("bot") / name).read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise DataFault(file=name, line="?", fault=str(error)) from error
