"""Which learned models are in use. Shipped ones lie in `data/routing/models/`.

An office's own models (learned from its officers) lie in a folder of its own and win. A model is
never changed in place: a new one gets a new name, and `current.toml` says which is used, so that
every stored decision can be re-explained with the versions noted beside it.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

from intake.errors import DataFault
from intake.routing_model import LinearModel, read_model

SHIPPED = Path(__file__).parent / "data" / "routing" / "models"
ASPECTS = ("classes", "kinds", "intents")


class _Place:
    """The folder that `use_models` chose; None means only the shipped models."""

    own: Path | None = None
    stamp: int = 0


_CURRENT = "current.toml"


def use_models(folder: Path | None) -> None:
    """Prefer the models in this folder (with its own `current.toml`) from now on.

    The folder need not exist yet: a version learned later is taken up by `look_again`.
    """
    _Place.own = folder
    _Place.stamp = _stamp()
    current_model.cache_clear()


def look_again() -> None:
    """Take up a version that was put to use since; costs one look at a file's date."""
    stamp = _stamp()
    if stamp != _Place.stamp:
        _Place.stamp = stamp
        current_model.cache_clear()


def _stamp() -> int:
    """When the own `current.toml` was written, in nanoseconds; 0 for none."""
    try:
        return 0 if _Place.own is None else (_Place.own / _CURRENT).stat().st_mtime_ns
    except OSError:
        return 0


def current_names(folder: Path) -> dict[str, str]:
    """Model file names by aspect, from the folder's `current.toml`; empty if there is none."""
    path = folder / _CURRENT
    if not path.is_file():
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise DataFault(file=path.name, line=0, fault=str(error)) from error
    return {aspect: str(table[aspect]) for aspect in ASPECTS if aspect in table}


@lru_cache(maxsize=8)
def current_model(aspect: str) -> LinearModel | None:
    """The model in use for `classes`, `kinds` or `intents`; None where none is installed.

    Raises:
        DataFault: the file named in `current.toml` is missing or malformed.
    """
    for folder in (_Place.own, SHIPPED):
        if folder is None:
            continue
        name = current_names(folder).get(aspect)
        if name is not None:
            path = folder / f"{name}.tsv"
            if not path.is_file():
                raise DataFault(file="current.toml", line=0, fault=f"no model {name}")
            return read_model(path)
    return None


def model_named(name: str) -> LinearModel | None:
    """The model of that version, the office's own or a shipped one; None if it is gone."""
    for folder in (_Place.own, SHIPPED):
        path = None if folder is None else folder / f"{name}.tsv"
        if path is not None and path.is_file():
            return read_model(path)
    return None
