"""Likely duplicates: the same petition again, or the same matter by other people.

Texts are compared by the short runs of syllables they share, folded, so that tone marks, case and
punctuation don't matter. `band_keys` are stored with a petition: two texts that are alike share at
least one key with high probability, so likely duplicates are found by an index look-up however
many petitions there are. What to do with one is for a person to decide; nothing is merged.
"""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Iterable

from intake.text import fold

_SYLLABLE = re.compile(r"[a-z0-9]+")
_SHINGLE = 3  # syllables
_BANDS = 16
_ROWS = 2
_PRIME = (1 << 61) - 1
_KEY_MASK = (1 << 63) - 1  # keys fit a signed 64-bit column
_LONGEST = 4_000  # syllables; what comes after does not make two petitions different

# Fixed seed: keys stored today must match keys computed years from now.
_CHOOSE = random.Random(20261121)  # noqa: S311 - spreads keys, hides nothing
_PERMUTATIONS = tuple(
    (_CHOOSE.randrange(1, _PRIME), _CHOOSE.randrange(_PRIME)) for _ in range(_BANDS * _ROWS)
)


def band_keys(text: str) -> tuple[int, ...]:
    """Keys under which a text is found again: up to 16 signed 64-bit numbers, none for no text."""
    hashes = _hashes(text)
    if not hashes:
        return ()
    signature = [min((a * h + b) % _PRIME for h in hashes) for a, b in _PERMUTATIONS]
    keys = []
    for band in range(_BANDS):
        rows = signature[band * _ROWS : (band + 1) * _ROWS]
        key = band
        for row in rows:
            key = (key * 1_000_003 + row) & _KEY_MASK
        keys.append(key)
    return tuple(dict.fromkeys(keys))


def similarity(one: str, other: str) -> float:
    """How alike two texts are, 0 (nothing shared) to 1 (the same): shared runs over all runs."""
    first, second = set(_hashes(one)), set(_hashes(other))
    if not first or not second:
        return 0.0
    return len(first & second) / len(first | second)


def _hashes(text: str) -> set[int]:
    syllables = _SYLLABLE.findall(fold(text))[:_LONGEST]
    return {zlib.crc32(run.encode()) for run in _runs(syllables)}


def _runs(syllables: list[str]) -> Iterable[str]:
    if not syllables:
        return ()
    if len(syllables) < _SHINGLE:
        return (" ".join(syllables),)
    return (
        " ".join(syllables[start : start + _SHINGLE])
        for start in range(len(syllables) - _SHINGLE + 1)
    )
