"""Words, figures and refusals of the Open311 interface; all of them data in `open311.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi.responses import Response

from bot.open311_xml import errors
from intake.errors import InvalidInput, StorageAway, TooMany
from intake.office import Office
from intake.topics import Topic, lexicon

_RETRY_SECONDS = "5"


class Refused(Exception):
    """A refusal in GeoReport's terms: HTTP status and a description."""

    def __init__(self, status: int, error: str, *, table: str = "error", **values: object) -> None:
        """Args: error: its name in `table` of `open311.toml`; `values` fill the description."""
        super().__init__(error)
        self.status = status
        self.description = word(table, error, **values)


async def answered(kind: str, work: Callable[[], Awaitable[Response]]) -> Response:
    """The answer, or the refusal in GeoReport's shape and the format asked for."""
    try:
        return await work()
    except Refused as refused:
        return errors(refused.status, refused.description, kind=kind, headers={})
    except TooMany as error:
        seconds = str(error.values["retry_after"])
        text = word("error", "too_many", seconds=seconds)
        return errors(429, text, kind=kind, headers={"Retry-After": seconds})
    except StorageAway:
        text = word("error", "storage_away")
        return errors(503, text, kind=kind, headers={"Retry-After": _RETRY_SECONDS})
    except InvalidInput as error:
        text = word("error", "input_malformed", field=error.values.get("field", ""))
        return errors(400, text, kind=kind, headers={})


def offered(office: Office) -> Mapping[str, Topic]:
    """The services: topics whose body receives petitions and that are feedback, by code."""
    left_out = set(_table()["not_offered"])
    classes = office.directory.classes
    return {
        code: topic
        for code, topic in lexicon().topics.items()
        if code not in left_out and classes[topic.classes[0]].competent
    }


def word(table: str, name: str, **values: object) -> str:
    """A sentence of `open311.toml`, filled in."""
    return str(_table()[table][name]).format(**values)


def figure(name: str) -> int:
    """A figure of the table `limits`."""
    return int(_table()["limits"][name]["value"])


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads((files("bot") / "open311.toml").read_text(encoding="utf-8"))
