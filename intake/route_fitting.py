"""Fitting a route model: softmax regression over features of texts, by adaptive gradient steps.

Where numpy is installed (`pip install tiepdan[learn]`) the steps are taken with it, in a sixth of
the time of plain Python; both give the same weights. An office that learns on from its own few
petitions has no need of it.
"""

from __future__ import annotations

import importlib.util
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from intake.routing_model import SIGNAL, LinearModel, probabilities


@dataclass(frozen=True)
class Lesson:
    """A text as the trainer sees it.

    Features, wanted shares by label, how much it counts, scores it starts from, and whose text it
    is: twins of one petition share a `source`.
    """

    features: frozenset[str]
    wanted: Mapping[int, float]
    weight: float
    offset: tuple[float, ...] = ()
    source: str = ""


def fit(
    lessons: Sequence[Lesson],
    labels: int,
    *,
    rounds: int,
    rate: float,
    decay: float,
    seed: int = 7,
    start: LinearModel | None = None,
    plain: bool = False,
) -> tuple[dict[str, dict[int, float]], list[float]]:
    """Softmax regression by adaptive gradient steps.

    Args:
        lessons: features seen in fewer than two sources are left out (signals stay).
        labels: how many labels.
        rounds: passes over all lessons.
        rate: step size.
        decay: share of every weight taken off after each round.
        seed: of the order of the lessons; the same input gives the same model.
        start: a model to learn on from, with the same labels.
        plain: without numpy even where it is installed.

    Returns:
        (weights by feature and label, bias by label).
    """
    known = start.weights() if start is not None else {}
    kept = _shared(lessons) | known.keys()
    if importlib.util.find_spec("numpy") is not None and not plain:
        bias = start.bias if start is not None else (0.0,) * labels
        return _fit_with_numpy(
            lessons, kept, known, bias, rounds=rounds, rate=rate, decay=decay, seed=seed
        )
    table = _Weights(
        {f: known.get(f) or [0.0] * labels for f in sorted(kept)},
        dict.fromkeys(kept, _FIRST_STEPS if known else _NO_STEPS),
        list(start.bias) if start is not None else [0.0] * labels,
    )
    prepared = [_prepare(lesson, kept) for lesson in lessons]
    order = list(range(len(lessons)))
    shuffle = random.Random(seed)  # noqa: S311 - an order of lessons, no secret
    for _ in range(rounds):
        shuffle.shuffle(order)
        for index in order:
            words, signals, scale = prepared[index]
            _step(table, lessons[index], words, signals, scale, rate)
        for row in table.rows.values():
            for label in range(labels):
                row[label] *= 1.0 - decay
    weights = {
        feature: {label: w for label, w in enumerate(row) if abs(w) > _SMALLEST}
        for feature, row in table.rows.items()
    }
    return weights, table.bias


def fit_lean(
    lessons: Sequence[Lesson], labels: int, *, rounds: int, rate: float, decay: float
) -> tuple[dict[str, dict[int, float]], list[float]]:
    """`fit` twice: the second time without the features that came to nothing in the first.

    The model is a third as large and decides as well; leaving features out afterwards would cost
    a point, since others have learned to count on them.
    """
    first, _ = fit(lessons, labels, rounds=rounds, rate=rate, decay=decay)
    kept = {
        feature
        for feature, row in first.items()
        if feature[0] == SIGNAL or max(map(abs, row.values()), default=0.0) >= _LEAST_FEATURE
    }
    lean = [replace(lesson, features=lesson.features & kept) for lesson in lessons]
    return fit(lean, labels, rounds=rounds, rate=rate, decay=decay)


_LEAST_FEATURE = 0.8
"""Strongest weight of a run of words below which it is forgotten again."""


@dataclass
class _Weights:
    """One row of label weights a feature, grown as features appear."""

    rows: dict[str, list[float]]
    steps: dict[str, float]
    bias: list[float]


def _shared(lessons: Sequence[Lesson]) -> set[str]:
    """Signals, and features of at least two sources: what one person wrote teaches nothing."""
    first: dict[str, str] = {}
    kept: set[str] = set()
    for number, lesson in enumerate(lessons):
        source = lesson.source or str(number)
        for feature in lesson.features:
            if feature[0] == SIGNAL or first.setdefault(feature, source) != source:
                kept.add(feature)
    return kept


_FIRST_STEPS = 1.0
"""What weights learned before have moved already: a few new petitions move them little."""
_SMALLEST = 0.06
"""Weights below this are not written: they cannot change an order and would fill the file."""


def _prepare(lesson: Lesson, kept: set[str]) -> tuple[list[str], list[str], float]:
    known = sorted(lesson.features & kept)
    signals = [f for f in known if f[0] == SIGNAL]
    words = [f for f in known if f[0] != SIGNAL]
    return words, signals, 1.0 / math.sqrt(len(words)) if words else 0.0


def _step(
    table: _Weights,
    lesson: Lesson,
    words: Sequence[str],
    signals: Sequence[str],
    scale: float,
    rate: float,
) -> None:
    rows = table.rows
    scores = (
        [b + o for b, o in zip(table.bias, lesson.offset, strict=True)]
        if lesson.offset
        else list(table.bias)
    )
    for feature in words:
        scores = [s + w * scale for s, w in zip(scores, rows[feature], strict=True)]
    for feature in signals:
        scores = [s + w for s, w in zip(scores, rows[feature], strict=True)]
    shares = probabilities(scores)
    slopes = [
        (label, (lesson.wanted.get(label, 0.0) - share) * lesson.weight)
        for label, share in enumerate(shares)
        if share > _LEAST_SHARE or label in lesson.wanted
    ]
    size = math.sqrt(sum(slope * slope for _, slope in slopes))
    if size < _LEAST_STEP:
        return
    for features, factor in ((words, scale), (signals, _SIGNAL_RATE)):
        for feature in features:
            table.steps[feature] += (size * factor) ** 2
            step = rate * factor / math.sqrt(table.steps[feature])
            row = rows[feature]
            for label, slope in slopes:
                row[label] += step * slope
    for label, slope in slopes:
        table.bias[label] += 0.01 * rate * slope


_SIGNAL_RATE = 0.5
_NO_STEPS = 1e-8
_LEAST_SHARE, _LEAST_STEP = 0.004, 0.01  # what is smaller teaches nothing


def _fit_with_numpy(
    lessons: Sequence[Lesson],
    kept: set[str],
    known: Mapping[str, Sequence[float]],
    start_bias: Sequence[float],
    *,
    rounds: int,
    rate: float,
    decay: float,
    seed: int,
) -> tuple[dict[str, dict[int, float]], list[float]]:
    """The steps of `fit`, a lesson's features and all labels at once."""
    import numpy as np

    names = sorted(kept)
    place = {name: number for number, name in enumerate(names)}
    labels = len(start_bias)
    rows = np.zeros((len(names), labels))
    steps = np.full(len(names), _FIRST_STEPS if known else _NO_STEPS)
    for name, row in known.items():
        rows[place[name]] = row
    bias = np.array(start_bias, dtype=float)
    prepared: list[tuple[Any, Any, float, Any, Any, float]] = []
    for lesson in lessons:
        words, signals, scale = _prepare(lesson, kept)
        wanted = np.zeros(labels)
        for label, share in lesson.wanted.items():
            wanted[label] = share
        at = (
            np.array([place[f] for f in words], dtype=np.int64),
            np.array([place[f] for f in signals], dtype=np.int64),
        )
        offset = np.array(lesson.offset) if lesson.offset else np.zeros(labels)
        prepared.append((*at, scale, wanted, offset, lesson.weight))
    order = list(range(len(lessons)))
    shuffle = random.Random(seed)  # noqa: S311 - an order of lessons, no secret
    for _ in range(rounds):
        shuffle.shuffle(order)
        for index in order:
            words_at, signals_at, scale, wanted, offset, weight = prepared[index]
            scores = bias + offset + rows[words_at].sum(0) * scale + rows[signals_at].sum(0)
            shares = np.exp(scores - scores.max())
            shares /= shares.sum()
            slopes = (wanted - shares) * weight
            slopes[(shares <= _LEAST_SHARE) & (wanted == 0)] = 0.0
            size = math.sqrt(float(slopes @ slopes))
            if size < _LEAST_STEP:
                continue
            for at_rows, factor in ((words_at, scale), (signals_at, _SIGNAL_RATE)):
                steps[at_rows] += (size * factor) ** 2
                rows[at_rows] += (rate * factor / np.sqrt(steps[at_rows]))[:, None] * slopes
            bias += 0.01 * rate * slopes
        rows *= 1.0 - decay
    weights = {
        name: {int(label): float(row[label]) for label in np.nonzero(np.abs(row) > _SMALLEST)[0]}
        for name, row in zip(names, rows, strict=True)
    }
    return weights, [float(b) for b in bias]
