"""Reads the tables under `data/routing/`; every fault names the file (and line, where known)."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from intake.errors import DataFault


def routing_folder() -> Traversable:
    """Where the shipped tables are."""
    return files("intake") / "data" / "routing"


@lru_cache(maxsize=64)
def read_table(name: str) -> dict[str, Any]:
    """One TOML table by its path under `data/routing/`.

    Raises:
        DataFault: the file is missing or is no TOML.
    """
    path = routing_folder() / name
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataFault(file=name, line=0, fault="file is missing") from error
    except tomllib.TOMLDecodeError as error:
        raise DataFault(file=name, line=0, fault=str(error)) from error


def read_rows(name: str) -> list[tuple[int, list[str]]]:
    """The rows of a TSV table as (line number, cells); blank lines and `#` comments skipped."""
    path = routing_folder() / name
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise DataFault(file=name, line=0, fault="file is missing") from error
    return [
        (number, line.split("\t"))
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip() and not line.startswith("#")
    ]
