"""A linear model over word grams whose class weights are summed all classes at once.

The weights of one gram for all classes are packed into one whole number, a lane of bits a class.
Adding such numbers adds all lanes, so a text costs one addition a gram however many classes there
are; no numeric library is needed. Files are versioned tables (`data/routing/models/`).
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, KeysView, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_letters
from struct import unpack
from typing import Any

from intake.errors import DataFault
from intake.text import Reading

LONGEST_GRAM = 3
SIGNAL = "§"
"""First letter of features that are no grams; they count in full, grams by the root of their
number, so that a long text is no stronger than a short one."""
_SCALE = 32  # steps a unit of weight
_ZERO = 1 << 11  # the lane value that stands for weight 0; weights lie within ±64
_LANE = 32  # bits a lane: 12 for a weight, 20 for how many may be added
_MOST = 1 << (_LANE - 12)
_MASK = (1 << _LANE) - 1


def grams_of(reading: Reading) -> set[str]:
    """Features of a text: folded grams of one to three words, and marked grams of one or two.

    Marked grams are used only where the writer set marks; they differ from the folded ones.
    """
    grams = set(reading.folded)
    for count in range(2, LONGEST_GRAM + 1):
        grams.update(reading.grams(count))
    if reading.has_marks:
        marked = reading.accented
        grams.update(marked)
        grams.update([f"{a} {b}" for a, b in itertools.pairwise(marked)])
    return grams


@dataclass(frozen=True)
class LinearModel:
    """Weights by gram.

    Attributes:
        version: name of the model file; stored with every decision.
        labels: what is told apart, in lane order.
        bias: one number a label.
        table: packed weights by gram.
        fitted: notes on training (counts, figures), for people.
    """

    version: str
    labels: tuple[str, ...]
    bias: tuple[float, ...]
    table: Mapping[str, int]
    fitted: Mapping[str, str] = field(default_factory=dict)

    def scores(self, grams: Set[str]) -> list[float]:
        """One score (log-odds like, no range) a label, in label order."""
        known = self.table.keys() & grams
        signals = {gram for gram in known if gram[0] == SIGNAL}
        scores = list(self.bias)
        if signals:
            self._add(scores, signals, 1.0)
        words = known - signals
        if words:
            self._add(scores, words, 1.0 / math.sqrt(len(words)))
        return scores

    def _add(self, scores: list[float], grams: set[str], scale: float) -> None:
        """Add the weights of the grams to the scores of all labels."""
        if len(grams) >= _MOST:
            grams = set(sorted(grams)[: _MOST - 1])
        total = sum(map(self.table.__getitem__, grams))
        scale /= _SCALE
        zero = _ZERO * len(grams)
        lanes = unpack(f"<{len(scores)}I", total.to_bytes(4 * len(scores), "little"))
        for lane, value in enumerate(lanes):
            scores[lane] += (value - zero) * scale

    def weights(self) -> dict[str, list[float]]:
        """All weights by gram, one a label; for learning on from this model."""
        shifts = [_LANE * lane for lane in range(len(self.labels))]
        return {
            gram: [(((packed >> shift) & _MASK) - _ZERO) / _SCALE for shift in shifts]
            for gram, packed in self.table.items()
        }

    def contributions(self, grams: Iterable[str], label: str) -> list[tuple[str, float]]:
        """What each known gram adds to a label, strongest first; for officers."""
        shift, table = _LANE * self.labels.index(label), self.table
        found = [
            (gram, (((table[gram] >> shift) & _MASK) - _ZERO) / _SCALE)
            for gram in table.keys() & grams
        ]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def probabilities(scores: Sequence[float]) -> list[float]:
    """Softmax."""
    top = max(scores)
    powers = [math.exp(score - top) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def pack(weights: Mapping[int, float], lanes: int) -> int:
    """One packed number of the given weights by lane; absent lanes are zero weight."""
    packed = 0
    for lane in range(lanes):
        steps = round(weights.get(lane, 0.0) * _SCALE)
        packed |= (max(-_ZERO, min(_ZERO - 1, steps)) + _ZERO) << (_LANE * lane)
    return packed


def model_files(path: Path) -> list[Path]:
    """The file of a model and the files it goes on in ("….tsv", "….tsv.2", …), as they exist."""
    further = (path.with_name(f"{path.name}.{number}") for number in itertools.count(2))
    return [path, *itertools.takewhile(Path.is_file, further)]


def read_model(path: Path) -> LinearModel:
    """A model from its file or files.

    Raises:
        DataFault: with the file and line that is wrong.
    """
    notes: dict[str, str] = {}
    cells: dict[str, str] = {}
    for file in model_files(path):
        _read_file(file, notes, cells)
    if "labels" not in notes or "bias" not in notes:
        raise DataFault(file=path.name, line=1, fault="no labels or bias in the head")
    labels = tuple(notes.pop("labels").split())
    return LinearModel(
        version=path.stem,
        labels=labels,
        bias=tuple(float(b) for b in notes.pop("bias").split()),
        table=_Cells(cells, len(labels)),
        fitted=notes,
    )


class _Cells(dict[str, int]):
    """Packed weights by gram, each packed when it is first asked for.

    A text uses a few dozen of a hundred thousand grams; packing all of them would be most of the
    start. What looks at the grams sees all of them.
    """

    def __init__(self, cells: Mapping[str, str], lanes: int) -> None:
        super().__init__()
        self._cells = cells
        self._empty = pack({}, lanes)

    def __missing__(self, gram: str) -> int:
        packed = self._empty
        for letter, steps in _CELL.findall(self._cells[gram]):
            packed += int(steps) << (_LANE * _LANES[letter])
        self[gram] = packed
        return packed

    def keys(self) -> KeysView[str]:  # type: ignore[override]
        return self._cells.keys()

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells)

    def __contains__(self, gram: object) -> bool:
        return gram in self._cells

    def __len__(self) -> int:
        return len(self._cells)

    def items(self) -> Any:
        return [(gram, self[gram]) for gram in self._cells]


def _read_file(path: Path, notes: dict[str, str], cells: dict[str, str]) -> None:
    """Add a file's head to the notes and its weights to the cells."""
    text = path.read_text(encoding="utf-8")
    head = _HEAD.match(text)
    for line in head.group().splitlines() if head else ():
        key, _, value = line[1:].partition(":")
        notes[key.strip()] = value.strip()
    body = text[head.end() :] if head else text
    if not _BODY.fullmatch(body):
        before = (head.group() if head else "").count("\n")
        lines = body.split("\n")
        wrong = next(
            (n for n, line in enumerate(lines, 1) if line and not _LINE.fullmatch(line)), 1
        )
        raise DataFault(file=path.name, line=before + wrong, fault="malformed weights")
    for line in body.splitlines():
        gram, _, weights = line.partition("\t")
        cells[gram] = weights


# A weight in a model file is the letter of its lane and its steps: "a12C-3". Without separators, so
# that a model of thousands of petitions stays a small file.
_LANES = {letter: lane for lane, letter in enumerate(ascii_letters)}
_CELL = re.compile(r"([A-Za-z])(-?\d+)")
# Possessive: a match that may not go back keeps no way back, which for a file of forty thousand
# lines is forty megabytes.
_LINE = re.compile(r"[^\t\n]++\t(?:[A-Za-z]-?\d++)++")
_BODY = re.compile(rf"(?:{_LINE.pattern}\n)*+")
_HEAD = re.compile(r"(?:#.*\n)*")
_LEAST_WEIGHT = 0.15
_LARGEST_FILE = 1_000_000  # bytes


def write_model(
    path: Path,
    labels: Sequence[str],
    bias: Sequence[float],
    weights: Mapping[str, Mapping[int, float]],
    notes: Mapping[str, str],
) -> None:
    """Write a model, into several files if it is large (see `model_files`).

    Weights below `_LEAST_WEIGHT` are left out: they cannot change an order of labels.
    """
    lines = [f"# {key}: {value}" for key, value in notes.items()]
    lines.append(f"# labels: {' '.join(labels)}")
    lines.append(f"# bias: {' '.join(f'{b:.4f}' for b in bias)}")
    for gram in sorted(weights):
        cells = [
            f"{ascii_letters[lane]}{max(-_ZERO, min(_ZERO - 1, round(weight * _SCALE)))}"
            for lane, weight in sorted(weights[gram].items())
            if abs(weight) >= _LEAST_WEIGHT
        ]
        if cells:
            lines.append(f"{gram}\t{''.join(cells)}")
    file, size, part = path, 0, list[str]()
    for number, line in enumerate(lines):
        part.append(line)
        size += len(line.encode()) + 1
        if size > _LARGEST_FILE or number + 1 == len(lines):
            file.write_text("\n".join(part) + "\n", encoding="utf-8")
            file = path.with_name(f"{path.name}.{len(model_files(path)) + 1}")
            size, part = 0, []
