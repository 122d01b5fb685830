"""Why the law refuses an action, as data: rule, citation, and what is allowed instead.

`data/refusals.toml` holds the cases; the wording officers read is in `admin/wording.py`.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from intake.errors import LawRefuses
from intake.status import Action

_FILE = Path(__file__).parent / "data" / "refusals.toml"


def refusal(
    case: str,
    action: Action,
    *,
    citation: str | None = None,
    verified: bool | None = None,
    **words: object,
) -> LawRefuses:
    """The error to raise for a case of `data/refusals.toml`.

    Args:
        citation, verified: of the dated rule that refuses, where the case names none of its own.
        words: what the label's placeholders stand for.

    Values: `rule` (the case's code), `label` (Vietnamese), `citation`, `verified`, `allowed`, and
    `ground` where one of `data/grounds.toml` fits an allowed rejection.
    """
    row = refusal_cases()[case]
    ground = {"ground": row["ground"]} if "ground" in row else {}
    return LawRefuses(
        action=action,
        rule=case,
        label=row["label"].format_map(words),
        citation=row["citation"] if citation is None else citation,
        verified=row["verified"] if verified is None else verified,
        allowed=[Action(name) for name in row["allowed"]],
        **ground,
    )


@cache
def refusal_cases() -> dict[str, dict[str, Any]]:
    """All cases by code."""
    with _FILE.open("rb") as file:
        return dict(tomllib.load(file)["refusal"])
