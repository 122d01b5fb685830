"""Learning from labelled petitions and from officers' corrections; comparing model versions.

A model is a softmax regression over the features of `classification.understand`
(`route_fitting.py`). The phrase tables take part as short texts of their own, so a model knows
words that no labelled petition holds. Nothing here touches a stored decision: each keeps the
versions it was made with.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from intake.classification import DANGER, INTENTS, KINDS, Understanding, understand
from intake.errors import InvalidInput, SetupRefused
from intake.route_fitting import Lesson, fit, fit_lean
from intake.routing import Router, class_shares, confidence_features, logistic
from intake.routing_data import read_table
from intake.routing_model import LinearModel, model_files, pack, write_model
from intake.routing_versions import ASPECTS, current_model, use_models
from intake.text import fold
from intake.topics import lexicon


@dataclass(frozen=True)
class Sample:
    """A labelled petition: lawful classes (best first; none for OTHER), kind and intent.

    `opinions`: the kinds several people gave it, where they differ; `kind` is what most said.
    """

    id: str
    text: str
    classes: tuple[str, ...]
    kind: str
    intent: str = ""
    place: str = ""
    style: str = ""
    opinions: tuple[str, ...] = ()


def read_samples(paths: Iterable[Path]) -> list[Sample]:
    """Samples from JSONL files, a line each `{"id","text","classes","kind","intent"?,"place"?,
    "opinions"?}`.

    Raises:
        InvalidInput: with file and line of what is malformed or names an unknown class or kind.
    """
    samples: list[Sample] = []
    known = lexicon().classes
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                sample = Sample(
                    id=str(row["id"]),
                    text=str(row["text"]),
                    classes=tuple(row["classes"]),
                    kind=str(row["kind"]),
                    intent=str(row.get("intent", "")),
                    place=str(row.get("place", "")),
                    style=str(row.get("style", "")),
                    opinions=tuple(row.get("opinions", ())),
                )
            except (ValueError, KeyError, TypeError) as error:
                raise InvalidInput(field=f"{path.name}:{number}", reason="no sample") from error
            kinds = {sample.kind, *sample.opinions}
            if not kinds <= set(KINDS) or not set(sample.classes) <= set(known):
                raise InvalidInput(field=f"{path.name}:{number}", reason="unknown class or kind")
            samples.append(sample)
    return samples


def class_lessons(samples: Sequence[Sample], *, tables: bool = True) -> Iterator[Lesson]:
    """What the class model learns from: phrases of the tables, and petitions with their twins."""
    words = lexicon()
    codes = list(words.classes)
    weight = read_table("decisions.toml")["learning"]
    share = read_table("decisions.toml")["classes"]["table"]
    for phrase in words.phrases if tables else ():
        if phrase.group == "topic":
            classes = words.topics[phrase.target].classes
        elif phrase.group == "name":
            classes = (phrase.target,)
        else:
            continue
        for text in {phrase.text, fold(phrase.text)}:
            yield _class_lesson(understand(text), classes, codes, weight["phrase"], share)
    for sample in samples:
        if sample.classes:
            for found in _twins(sample.text):
                lesson = _class_lesson(found, sample.classes, codes, weight["petition"], share)
                yield replace(lesson, source=sample.id)


def _twins(text: str) -> Iterator[Understanding]:
    """The text, what it is without tone marks, and what careless hands leave of it.

    People write all these ways. Words left out stand for words misspelt beyond recognition: a
    model that has seen the text without them does not hang on any single one.
    """
    found = understand(text)
    yield found
    plain = fold_lines(text)
    if found.reading.has_marks:
        yield understand(plain)
    keep = random.Random(len(text))  # noqa: S311 - leaves out words, hides nothing
    lines = (_careless(line, keep) for line in plain.split("\n"))
    yield understand("\n".join(lines))
    typed = plain if keep.random() < _UNMARKED else text
    yield understand(" ".join(_slipped(word, keep) for word in typed.split(" ")))


def _careless(line: str, chance: random.Random) -> str:
    return " ".join(word for word in line.split(" ") if chance.random() > _LEFT_OUT)


def _slipped(word: str, chance: random.Random) -> str:
    """The word, now and then with two letters swapped, one lost or one doubled."""
    if len(word) < _LONG_ENOUGH or not word.isalpha() or chance.random() > _SLIPS:
        return word
    at = chance.randrange(len(word) - 1)
    slips = (word[at + 1] + word[at], word[at], word[at] * 2 + word[at + 1])
    return word[:at] + chance.choice(slips) + word[at + 2 :]


_LEFT_OUT, _SLIPS, _UNMARKED = 0.2, 0.12, 0.5  # shares of words, of words, of texts
_LONG_ENOUGH = 3  # letters


def fold_lines(text: str) -> str:
    """A text without tone marks, its lines and capitals kept, as typed on a plain keyboard."""
    folded = []
    for char in text:
        bare = fold(char)
        folded.append((bare.upper() if char.isupper() else bare) if bare else char)
    return "".join(folded)


def _class_lesson(
    found: Understanding,
    classes: Sequence[str],
    codes: Sequence[str],
    weight: float,
    table_share: float,
) -> Lesson:
    further = len(classes) - 1
    first = _FIRST if further else 1.0
    wanted = {codes.index(classes[0]): first}
    for code in classes[1:]:
        wanted[codes.index(code)] = (1.0 - first) / further
    offset = tuple(table_share * found.evidence[code] for code in codes)
    return Lesson(found.features, wanted, weight, offset)


_FIRST = 0.75


def kind_lessons(samples: Sequence[Sample], *, tables: bool = True) -> Iterator[Lesson]:
    """What the kind model learns from: petitions, and signal phrases of the kinds."""
    weight = read_table("decisions.toml")["learning"]
    for phrase in lexicon().phrases if tables else ():
        name = phrase.target.removeprefix("kind.")
        kind = name if name in KINDS else "OTHER" if phrase.target.startswith("intent.") else ""
        if kind and phrase.group == "signal":
            found = understand(phrase.text)
            yield Lesson(found.features, {KINDS.index(kind): 1.0}, weight["signal"])
    for sample in samples:
        # Where people differ, each opinion is a share of the truth.
        told = Counter(sample.opinions or (sample.kind,))
        wanted = {KINDS.index(kind): count / told.total() for kind, count in told.items()}
        for found in _twins(sample.text):
            yield Lesson(found.features, wanted, weight["petition"], source=sample.id)


_LEARNED = (*INTENTS, DANGER)


def intent_lessons(samples: Sequence[Sample], *, tables: bool = True) -> Iterator[Lesson]:
    """What the intent model learns from: messages that are no petition, and intent phrases."""
    weight = read_table("decisions.toml")["learning"]
    for phrase in lexicon().phrases if tables else ():
        name = phrase.target.removeprefix("intent.")
        if phrase.group == "signal" and phrase.target.startswith("intent.") and name in INTENTS:
            found = understand(phrase.text)
            yield Lesson(found.features, {_LEARNED.index(name): 1.0}, weight["petition"])
    for sample in samples:
        if sample.kind == "OTHER" and sample.intent in _LEARNED:
            for found in _twins(sample.text):
                wanted = {_LEARNED.index(sample.intent): 1.0}
                yield Lesson(found.features, wanted, weight["petition"], source=sample.id)


@dataclass
class Figures:
    """How a router does on labelled petitions; shares of 1.

    `undisputed` counts messages on whose kind all who were asked agree.
    """

    petitions: int = 0
    first: int = 0
    lawful: int = 0
    within_three: int = 0
    answered: int = 0
    answered_right: int = 0
    messages: int = 0
    kind_right: int = 0
    undisputed: int = 0
    undisputed_right: int = 0
    by_class: dict[str, list[int]] = field(default_factory=dict)
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    kind_confusion: Counter[tuple[str, str]] = field(default_factory=Counter)

    def share(self, name: str) -> float:
        """One of the figures as a share; of the petitions, except those of kinds (of all)."""
        whole = {
            "kind_right": self.messages,
            "undisputed": self.messages,
            "undisputed_right": self.undisputed,
            "answered_right": self.answered,
        }
        return float(getattr(self, name)) / max(1, whole.get(name, self.petitions))

    def lines(self) -> list[str]:
        """The figures as text, one a line."""
        names = (
            "first", "lawful", "within_three", "answered", "answered_right", "kind_right",
            "undisputed", "undisputed_right",
        )  # fmt: skip
        return [f"petitions: {self.petitions}"] + [f"{n}: {self.share(n):.3f}" for n in names]


def measure(
    router: Router, samples: Sequence[Sample], on: date, change: Callable[[str], str] = str
) -> Figures:
    """Route every sample and compare.

    Args:
        router: with the models in use.
        samples: labelled petitions.
        on: the day whose directory counts.
        change: applied to each text first (a noisy twin, a letter around it).
    """
    figures = Figures()
    for sample in samples:
        routing = router.route(change(sample.text), on=on)
        figures.messages += 1
        kind = routing.classification.kind
        figures.kind_right += kind == sample.kind
        figures.undisputed += not sample.opinions
        figures.undisputed_right += not sample.opinions and kind == sample.kind
        if kind != sample.kind:
            figures.kind_confusion[sample.kind, kind] += 1
        if not sample.classes:
            continue
        ranked = [candidate.agency_class for candidate in routing.candidates]
        best = ranked[0] if ranked else ""
        lawful = best in sample.classes
        figures.petitions += 1
        figures.first += best == sample.classes[0]
        figures.lawful += lawful
        figures.within_three += bool(set(ranked[:3]) & set(sample.classes))
        if routing.decision == "route":
            figures.answered += 1
            figures.answered_right += lawful
        row = figures.by_class.setdefault(sample.classes[0], [0, 0, 0])
        row[0] += 1
        row[1] += best == sample.classes[0]
        row[2] += lawful
        if not lawful:
            figures.confusion[sample.classes[0], best] += 1
    return figures


def learn(
    samples: Sequence[Sample], folder: Path, name: str, *, tables: bool = True
) -> dict[str, str]:
    """Fit models on labelled petitions and write them into a folder, with `current.toml`.

    Args:
        samples: labelled petitions; for the confidence each is also routed once by a model that
            has not seen it.
        folder: must exist; existing models in it stay.
        name: of the new version, such as "2026-11-21"; becomes part of the file names.
        tables: whether the phrases of the tables are lessons too (quick trials leave them out).

    Returns:
        Model names by aspect.
    """
    settings = read_table("decisions.toml")["learning"]
    codes = list(lexicon().classes)
    confidence, line = _fit_confidence(samples, codes, tables=tables)
    notes = {
        "petitions": str(len(samples)),
        "lexicon": lexicon().version,
        "confidence": " ".join(f"{weight:.4f}" for weight in confidence),
        "line": f"{line:.4f}",
    }
    kind_rounds, kind_decay = int(settings["kind_rounds"]), settings["kind_decay"]
    plans = {
        "classes": (codes, class_lessons, int(settings["rounds"]), settings["decay"]),
        "kinds": (list(KINDS), kind_lessons, kind_rounds, kind_decay),
        "intents": (list(_LEARNED), intent_lessons, kind_rounds, kind_decay),
    }
    names = {}
    for aspect, (labels, lessons, rounds, decay) in plans.items():
        weights, bias = fit_lean(
            list(lessons(samples, tables=tables)),
            len(labels),
            rounds=rounds,
            rate=settings["rate"],
            decay=decay,
        )
        names[aspect] = f"{aspect}-{name}"
        write_model(folder / f"{names[aspect]}.tsv", labels, bias, weights, notes)
    _put_to_use(folder, names)
    return names


_LEAST_NEW_FEATURE = 0.48
"""Strongest weight that keeps a run of words new to the model, of an office's few petitions."""


def learn_on(samples: Sequence[Sample], folder: Path, name: str) -> dict[str, str]:
    """Go on learning from the models in use, from an office's own petitions; as `learn` otherwise.

    What the models know already stays unless the new petitions speak against it, so a few dozen
    suffice. Confidence and line are those of the models in use.

    Raises:
        SetupRefused: no models are in use to learn on from.
    """
    settings = read_table("decisions.toml")["learning"]
    plans = {"classes": class_lessons, "kinds": kind_lessons}
    names = {}
    for aspect in ASPECTS:
        model = current_model(aspect)
        if model is None:
            raise SetupRefused(reason="no models are in use to learn on from")
        names[aspect] = f"{aspect}-{name}"
        weights, bias = model.weights(), list(model.bias)
        if aspect in plans:
            learned, bias = fit(
                list(plans[aspect](samples, tables=False)),
                len(model.labels),
                rounds=int(settings["on_rounds"]),
                rate=settings["on_rate"],
                decay=0.0,
                start=model,
            )
            learned = {
                feature: row
                for feature, row in learned.items()
                if feature in weights
                or max(map(abs, row.values()), default=0) >= _LEAST_NEW_FEATURE
            }
        else:
            learned = {gram: dict(enumerate(row)) for gram, row in weights.items()}
        notes = {**model.fitted, "learned_on": f"{len(samples)} from {model.version}"}
        write_model(folder / f"{names[aspect]}.tsv", model.labels, bias, learned, notes)
    _put_to_use(folder, names)
    return names


def _put_to_use(folder: Path, names: Mapping[str, str]) -> None:
    lines = [f'{aspect} = "{model}"\n' for aspect, model in names.items()]
    (folder / "current.toml").write_text("".join(lines), encoding="utf-8")


def _fit_confidence(
    samples: Sequence[Sample], codes: Sequence[str], *, tables: bool
) -> tuple[list[float], float]:
    """(weights of `confidence_features`, line) from petitions routed by models new to them."""
    settings = read_table("decisions.toml")
    learning, folds = settings["learning"], int(settings["learning"]["folds"])
    rows: list[tuple[tuple[float, ...], bool]] = []
    routed = [sample for sample in samples if sample.classes]
    random.Random(11).shuffle(routed)  # noqa: S311 - an order of petitions, no secret
    fold_of = _folds(routed, folds)
    for fold_number in range(folds):
        unseen = [s for s in routed if fold_of[s.id] == fold_number]
        seen = [s for s in routed if fold_of[s.id] != fold_number]
        weights, bias = fit(
            list(class_lessons(seen, tables=tables)),
            len(codes),
            rounds=int(learning["rounds"]),
            rate=learning["rate"],
            decay=learning["decay"],
        )
        table = {g: pack(w, len(codes)) for g, w in weights.items() if w}
        model = LinearModel("", tuple(codes), tuple(bias), table)
        for sample in unseen:
            found = understand(sample.text)
            shares, _ = class_shares(found, sample.kind, model)
            ranked = sorted(shares, key=lambda code: (-shares[code], code))
            features = confidence_features(found, shares, ranked)
            rows.append((features, ranked[0] in sample.classes))
    weights_fitted = _logistic_fit(rows)
    return weights_fitted, _line(rows, weights_fitted, settings["confidence"]["wanted"])


def _folds(samples: Sequence[Sample], folds: int) -> dict[str, int]:
    """Which fold a petition is left out with: with all others of its voice, where there are many.

    The voice is what stands before the dash of an id. A model that knows how somebody writes is
    surer of them than it will be of a stranger.
    """
    voices = sorted({sample.id.partition("-")[0] for sample in samples})
    if len(voices) < 2 * folds:
        return {sample.id: number % folds for number, sample in enumerate(samples)}
    return {s.id: voices.index(s.id.partition("-")[0]) % folds for s in samples}


def _logistic_fit(rows: Sequence[tuple[tuple[float, ...], bool]]) -> list[float]:
    """Plain gradient descent with a little decay; a few weights, a thousand rows."""
    weights = [0.0] * len(rows[0][0])
    for _ in range(600):
        slopes = [0.002 * w for w in weights]
        for features, right in rows:
            value = logistic(sum(w * f for w, f in zip(weights, features, strict=True)))
            for i, feature in enumerate(features):
                slopes[i] += (value - right) * feature / len(rows)
        weights = [w - 2.0 * slope for w, slope in zip(weights, slopes, strict=True)]
    return weights


def _line(
    rows: Sequence[tuple[tuple[float, ...], bool]], weights: Sequence[float], wanted: float
) -> float:
    """The lowest confidence from which on the answered petitions are right often enough."""
    scored = sorted(
        (
            (logistic(sum(w * f for w, f in zip(weights, row, strict=True))), right)
            for row, right in rows
        ),
        reverse=True,
    )
    right_so_far, line = 0, 1.0
    for count, (confidence, right) in enumerate(scored, start=1):
        right_so_far += right
        if right_so_far >= wanted * count:
            line = confidence
    return line


def learn_and_compare(
    samples: Sequence[Sample],
    held_back: Sequence[Sample],
    folder: Path,
    name: str,
    router: Router,
    *,
    tables: bool = True,
    onward: bool = False,
) -> tuple[Figures, Figures]:
    """Learn a new version and put it to use only if it is no worse than the one in use.

    Args:
        samples: what is learned from.
        held_back: labelled petitions that are not among `samples`; they decide.
        folder: of the office's own models; created if missing.
        name: of the new version; must be new in the folder.
        router: routes with whatever models are in use.
        tables: as for `learn`.
        onward: go on from the models in use (`learn_on`) instead of beginning anew.

    Returns:
        (figures of the models in use before, figures of the new ones).

    Raises:
        SetupRefused: the name is taken, nothing is held back, or the new version is worse; then
            the models in use stay.
    """
    if not held_back:
        raise SetupRefused(reason="no petitions are held back to compare on")
    if (folder / f"classes-{name}.tsv").exists():
        raise SetupRefused(reason=f"a version {name} exists already")
    folder.mkdir(parents=True, exist_ok=True)
    before_file = folder / "current.toml"
    kept = before_file.read_text(encoding="utf-8") if before_file.exists() else None
    before = measure(router, held_back, _EVALUATION_DAY)
    names = (
        learn_on(samples, folder, name) if onward else learn(samples, folder, name, tables=tables)
    )
    use_models(folder)
    after = measure(router, held_back, _EVALUATION_DAY)
    if _merit(after) < _merit(before):
        for model in names.values():
            for file in model_files(folder / f"{model}.tsv"):
                file.unlink()
        if kept is None:
            before_file.unlink()
        else:
            before_file.write_text(kept, encoding="utf-8")
        use_models(folder if kept is not None else None)
        raise SetupRefused(
            reason=f"version {name} is worse: lawful {after.share('lawful'):.3f} "
            f"against {before.share('lawful'):.3f}, kind {after.share('kind_right'):.3f} "
            f"against {before.share('kind_right'):.3f}"
        )
    return before, after


_EVALUATION_DAY = date(2026, 11, 21)
"""The directory's day in comparisons: figures of two versions must not differ by a merger."""


def _merit(figures: Figures) -> float:
    """One number to compare versions by: the route counts twice the kind."""
    return 2 * figures.share("lawful") + figures.share("kind_right")
