"""A browser's form as values: what was typed, kept so that nothing is lost on a refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

from fastapi import Depends, Request
from pydantic import BaseModel

_NESTING = "."


@dataclass(frozen=True)
class Typed:
    """What a form carried: every value of every field, as text."""

    values: Mapping[str, Sequence[str]]

    def one(self, name: str) -> str:
        """The first value of a field, trimmed; empty where there is none."""
        return next(iter(self.values.get(name, ())), "").strip()

    def all(self, name: str) -> list[str]:
        """Every value of a field."""
        return [value for value in self.values.get(name, ()) if value.strip()]

    def ticked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return bool(self.values.get(name))


NOTHING_TYPED = Typed({})


async def _typed(request: Request) -> Typed:
    form = await request.form()
    return Typed({name: [str(value) for value in form.getlist(name)] for name in form})


TheForm = Annotated[Typed, Depends(_typed)]


def fields_for(schema: type[BaseModel], typed: Typed) -> dict[str, Any]:
    """The typed fields a schema knows, in its shapes: lists, boxes and nested groups included."""
    given: dict[str, Any] = {}
    for name, field in schema.model_fields.items():
        inner = _plain_type(field.annotation)
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
