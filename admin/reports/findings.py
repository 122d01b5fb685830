"""What a check found: the rule, what it is about, and the sentence for the officer."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent / "check.toml"


@dataclass(frozen=True)
class Finding:
    """One broken rule. `blocks`: the report may not be sent while it stands."""

    rule: str
    subject: str
    text: str

    @property
    def blocks(self) -> bool:
        """Rules that begin with E (inconsistent) or Z (a zero nobody confirmed) block."""
        return self.rule[0] in "EZ"

    @property
    def line(self) -> str:
        """`E01 lượt: …`"""
        return f"{self.rule} {self.subject}: {self.text}"


@cache
def wording() -> Mapping[str, Any]:
    """The table of `check.toml`."""
    with _FILE.open("rb") as file:
        return tomllib.load(file)


def finding(message: str, subject: str, **values: object) -> Finding:
    """A finding worded by `check.toml`.

    Args:
        message: key of the message; what stands before a further hyphen is the rule's code.
        subject: key of `[subject]`.
    """
    table = wording()
    rule = message if message.startswith("W-") else message.partition("-")[0]
    return Finding(rule, table["subject"][subject], table["message"][message].format(**values))


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Blocking ones first, then by rule."""
    return sorted(findings, key=lambda found: (not found.blocks, found.rule))
