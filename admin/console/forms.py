"""A browser's form as values: what was typed, kept so that nothing is lost on a refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

from fastapi import Depends, Request
from pydantic import BaseModel
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from intake.documents import LARGEST, MOST
from intake.errors import InvalidInput

_NESTING = "."
_MOST_FILES = MOST + 2


@dataclass(frozen=True)
class SentFile:
    """A file of a form, read no further than one byte past what may be kept."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Typed:
    """What a form carried: every value of every field as text, and the files by their field."""

    values: Mapping[str, Sequence[str]]
    files: Mapping[str, SentFile] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """The first value of a field, trimmed; empty where there is none."""
        return next(iter(self.values.get(name, ())), "").strip()

    def all(self, name: str) -> list[str]:
        """Every value of a field."""
        return [value for value in self.values.get(name, ()) if value.strip()]

    def adding(self, name: str, values: Sequence[str]) -> Typed:
        """The same without files, with further values of one field."""
        together = dict.fromkeys((*self.all(name), *values))
        return Typed({**self.values, name: list(together)})

    def ticked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return bool(self.values.get(name))


NOTHING_TYPED = Typed({})


async def _typed(request: Request) -> Typed:
    values: dict[str, list[str]] = {}
    files: dict[str, SentFile] = {}
    try:
        async with request.form(max_files=_MOST_FILES) as form:
            for name, value in form.multi_items():
                if not isinstance(value, UploadFile):
                    values.setdefault(name, []).append(value)
                elif value.filename:
                    files[name] = SentFile(value.filename, await value.read(LARGEST + 1))
    except MultiPartException as error:
        raise InvalidInput(field="body", reason="malformed") from error
    return Typed(values, files)


TheForm = Annotated[Typed, Depends(_typed)]


def fields_for(schema: type[BaseModel], typed: Typed) -> dict[str, Any]:
    """The typed fields a schema knows, in its shapes: lists, boxes and nested groups included."""
    given: dict[str, Any] = {}
    for name, row in schema.model_fields.items():
        inner = _plain_type(row.annotation)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            nested = {part: typed.one(f"{name}{_NESTING}{part}") for part in inner.model_fields}
            given[name] = {part: value for part, value in nested.items() if value}
        elif get_origin(inner) is list:
            if typed.all(name):
                given[name] = typed.all(name)
        elif inner is bool:
            given[name] = typed.ticked(name)
        elif name in typed.values:
            given[name] = typed.one(name)
    return given


def _plain_type(annotation: Any) -> Any:
    """The type behind `Annotated` and `| None`."""
    if get_origin(annotation) is Annotated:
        return _plain_type(get_args(annotation)[0])
    options = [option for option in get_args(annotation) if option is not NoneType]
    if NoneType in get_args(annotation) and len(options) == 1:
        return _plain_type(options[0])
    return annotation
