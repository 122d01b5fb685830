"""Addresses written down beside the functions that serve them, built when the application starts.

The framework's own router builds a route where it is declared and once more where it is included;
with more than a hundred routes that was a tenth of all calls a start makes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import FastAPI

Served = TypeVar("Served", bound=Callable[..., Any])


@dataclass(frozen=True)
class _Route:
    method: str
    path: str
    serve: Callable[..., Any]
    options: dict[str, Any]


@dataclass(frozen=True)
class Paths:
    """The addresses of one part of the server, in the order in which they are tried.

    `prefix` stands before each path, `tags` before each route's own.
    """

    prefix: str = ""
    tags: Sequence[str] = ()
    _routes: list[_Route] = field(default_factory=list)

    def get(self, path: str, **options: Any) -> Callable[[Served], Served]:
        """Serve GET at `path` below the prefix; `options` are those of the framework's routes."""
        return self._at("GET", path, options)

    def post(self, path: str, **options: Any) -> Callable[[Served], Served]:
        """Serve POST likewise."""
        return self._at("POST", path, options)

    def add_to(self, app: FastAPI, *, prefix: str = "", in_schema: bool = True) -> None:
        """Build the routes as the application's own."""
        for route in self._routes:
            app.add_api_route(
                f"{prefix}{self.prefix}{route.path}",
                route.serve,
                methods=[route.method],
                tags=[*self.tags, *route.options.get("tags", ())],
                include_in_schema=in_schema and route.options.get("include_in_schema", True),
                **{k: v for k, v in route.options.items() if k not in _MERGED},
            )

    def _at(self, method: str, path: str, options: dict[str, Any]) -> Callable[[Served], Served]:
        def note(serve: Served) -> Served:
            self._routes.append(_Route(method, path, serve, options))
            return serve

        return note


_MERGED = frozenset({"tags", "include_in_schema"})
