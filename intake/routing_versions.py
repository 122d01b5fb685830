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


def use_models(folder: Path | None) -> None:
    """Prefer the models in this folder (with its own `current.toml`) from now on."""
    _Place.own = folder
    current_model.cache_clear()


def current_names(folder: Path) -> dict[str, str]:
    """Model file names by aspect, from the folder's `current.toml`; empty if there is none."""
    path = folder / "current.toml"
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
