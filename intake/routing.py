"""Choosing the agency: class by subject, then the body of that class for the place and the day.

The cost is that of 27 classes however many agencies a directory holds. Rules of law that depend on
the kind (a denunciation never goes to the accused, a second complaint goes above) are applied to
the class scores; below the line of confidence the citizen is asked one question, then an officer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from operator import neg
from typing import Any

from intake.classification import (
    Classification,
    Understanding,
    classification_of,
    phrase_texts,
    strongest_hits,
    understand,
)
from intake.directory import Agency, Directory
from intake.places import Gazetteer, PlaceMatch
from intake.routing_data import read_table
from intake.routing_model import SIGNAL, LinearModel, probabilities
from intake.routing_versions import current_model, look_again
from intake.topics import Hit, lexicon

MOST_CANDIDATES = 5
MOST_CHOICES = 3
NO_BODY = "class:"
"""Before a class code: the body depends on the commune and the commune is not known yet."""
NONE_OF_THESE = "none"
_PLACE_LETTERS = 1_000


@dataclass(frozen=True)
class RouteCandidate:
    """A body that may be responsible.

    Attributes:
        agency: code in the directory, or `class:` and the class code where the body depends on a
            commune that is not known yet.
        agency_class: class of the matter; `agency` may be the body that stands in for it.
        name: of the body (or of the class).
        score: 0–100, the candidates' scores add up to at most 100.
        reasons: Vietnamese, for officers: phrases, names, place, rules.
        guide_only: people are pointed there; nothing may be forwarded.
        verified: the directory's row is confirmed; False must be shown to officers.
    """

    agency: str
    agency_class: str
    name: str
    score: float
    reasons: tuple[str, ...]
    guide_only: bool
    verified: bool


@dataclass(frozen=True)
class RouteQuestion:
    """One question to the citizen; `choices` are (label, value), at most three and "none".

    `value` goes back as `Router.route(answer=…)`. With key `place` there are no choices: the answer
    is free text for `Router.route(place=…)`.
    """

    key: str
    text: str
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Routing:
    """A proposal: who gets the petition, why, how sure, and what to ask when not sure.

    `parts` holds one proposal for each subject of a text that speaks of several (see
    `Classification.parts`, same order), else nothing.
    """

    decision: str
    candidates: tuple[RouteCandidate, ...]
    question: RouteQuestion | None
    place: PlaceMatch | None
    explanation: str
    confidence: float
    versions: Mapping[str, str]
    classification: Classification
    parts: tuple[Routing, ...] = ()


class Router:
    """Routes petitions of one province. Immutable after construction; threads may share one."""

    def __init__(self, directory: Directory, gazetteer: Gazetteer) -> None:
        self._directory = directory
        self._gazetteer = gazetteer

    def route(
        self,
        text: str,
        *,
        place: str | None = None,
        on: date,
        kind: str | None = None,
        answer: str | None = None,
    ) -> Routing:
        """Propose recipients for a petition.

        Args:
            text: the petition as written; anything is accepted.
            place: what a form field beside the text holds ("xã Tân Long"); wins over the text.
            on: local date that decides which bodies exist.
            kind: kind code set by a person; otherwise classified.
            answer: value of a choice of an earlier `RouteQuestion` for the same text.

        Returns:
            A `Routing`; decision `route` or `ask_officer`. Never raises on any text.
        """
        look_again()
        return self._proposal(text, place, on, kind, answer, whole=True)

    def _proposal(
        self,
        text: str,
        place: str | None,
        on: date,
        kind: str | None,
        answer: str | None,
        *,
        whole: bool,
    ) -> Routing:
        """`route`; of a part of a text (not `whole`) no further parts are proposed."""
        found = understand(text)
        classified = classification_of(found)
        where = self._place(found, place)
        scores, rules = class_scores(found, kind or classified.kind)
        if answer is not None and answer in scores:
            scores = {code: float(code == answer) for code in scores}
            rules = {**rules, answer: (*rules.get(answer, ()), "answer")}
        ranked = best_first(scores)
        confidence = _confidence(found, scores, ranked)
        candidates = self._candidates(
            found, ranked, scores, rules, where, on, kind or classified.kind
        )
        sure = _is_sure(classified, confidence, answer, candidates)
        return Routing(
            decision="route" if sure else "ask_officer",
            candidates=candidates,
            question=_question(found, candidates, classified, sure=sure, answer=answer),
            place=where,
            explanation=_explanation(found.topical, classified, candidates, rules, sure=sure),
            confidence=round(confidence, 3),
            versions=self._versions(),
            classification=classified,
            parts=tuple(
                self._proposal(
                    part.excerpt, place or _said_place(where), on, part.kind, None, whole=False
                )
                for part in (classified.parts if whole else ())
            ),
        )

    def _versions(self) -> dict[str, str]:
        models = {aspect: current_model(aspect) for aspect in ("classes", "kinds")}
        return {
            "directory": self._directory.version,
            "lexicon": lexicon().version,
            **{aspect: model.version for aspect, model in models.items() if model is not None},
        }

    def _place(self, found: Understanding, place: str | None) -> PlaceMatch | None:
        province = self._directory.province.slug
        if place:
            given = self._gazetteer.find(place, province=province)
            if given is not None:
                return given
        # The place is said early; reading on would cost more than the rest of the routing.
        match = self._gazetteer.find(found.letter.body[:_PLACE_LETTERS], province=province)
        if match is None and found.letter.address:
            match = self._gazetteer.find(found.letter.address, province=province)
        return match

    def _candidates(
        self,
        found: Understanding,
        ranked: Sequence[str],
        scores: Mapping[str, float],
        rules: Mapping[str, tuple[str, ...]],
        where: PlaceMatch | None,
        on: date,
        kind: str,
    ) -> tuple[RouteCandidate, ...]:
        if not found.reading.folded:
            return ()
        commune = None
        if where is not None and where.places and not where.ambiguous:
            commune = where.places[0].code
        grounds = _Grounds.of(found, where)
        chosen: list[RouteCandidate] = []
        for code in ranked[:MOST_CANDIDATES]:
            # A denunciation goes above the commune's own police or tax office.
            body = self._directory.of_class(code, on, None if kind == "TC" else commune)
            reasons = _reasons(grounds, code, rules.get(code, ()), body)
            chosen.append(
                RouteCandidate(
                    agency=body.code if body else NO_BODY + code,
                    agency_class=code,
                    name=body.name if body else lexicon().classes[code].name,
                    score=round(100 * scores[code], 1),
                    reasons=reasons,
                    guide_only=not body.competent if body else False,
                    verified=body.verified if body else True,
                )
            )
        return tuple(chosen)


def _said_place(where: PlaceMatch | None) -> str | None:
    """The place of the whole text, for a part that names none."""
    return where.matched if where is not None and not where.ambiguous else None


@lru_cache(maxsize=1)
def _rules() -> Mapping[str, Any]:
    return read_table("decisions.toml")


@lru_cache(maxsize=1)
def _sentences() -> Mapping[str, Mapping[str, str]]:
    return read_table("sentences.toml")


def class_scores(
    found: Understanding, kind: str
) -> tuple[dict[str, float], dict[str, tuple[str, ...]]]:
    """Share of each class (sums to 1) and the rules that moved it, by the model in use."""
    return class_shares(found, kind, current_model("classes"))


def class_shares(
    found: Understanding, kind: str, model: LinearModel | None
) -> tuple[dict[str, float], dict[str, tuple[str, ...]]]:
    """`class_scores` by a given model (None: the phrase tables alone)."""
    words = lexicon()
    table = found.evidence
    weight = _rules()["classes"]
    if model is None:
        alone = weight["table_alone"]
        logits = {code: alone * table[code] for code in words.classes}
    else:
        learned = dict(zip(model.labels, model.scores(found.features), strict=True))
        by_model, by_table = weight["model"], weight["table"]
        logits = {
            code: by_model * learned.get(code, 0.0) + by_table * table[code]
            for code in words.classes
        }
    rules: dict[str, tuple[str, ...]] = {}
    for rule, code, push in _legal_pushes(found, kind):
        logits[code] += push
        rules[code] = (*rules.get(code, ()), rule)
    return dict(zip(logits, probabilities(list(logits.values())), strict=True)), rules


def best_first(scores: Mapping[str, float]) -> list[str]:
    """The codes, highest score first; equal ones in the order of the alphabet."""
    return [code for _, code in sorted(zip(map(neg, scores.values()), scores, strict=True))]


_DECIDED = f"{SIGNAL}deciding:"


def _legal_pushes(found: Understanding, kind: str) -> list[tuple[str, str, float]]:
    """(rule, class, push) of rules that depend on the kind of petition."""
    push = _rules()["pushes"]
    signals = found.signals
    pushes: list[tuple[str, str, float]] = []
    official = signals.get("official", 0.0) >= push["official_from"]
    if kind == "TC" and official and signals.get("corruption", 0.0) > 0:
        pushes.append(("official_accused", "thanh-tra", push["official_accused"]))
        pushes.append(("official_accused", "ubnd-xa", -push["official_accused"]))
    if kind == "TC" and signals.get("commune_official", 0.0) >= push["commune_from"]:
        pushes.append(("official_accused", "thanh-tra", push["commune_accused"]))
        pushes.append(("official_accused", "ubnd-xa", -push["commune_accused"]))
    if kind in ("KN", "KN_KL"):
        decided = [f.removeprefix(_DECIDED) for f in found.features if f.startswith(_DECIDED)]
        pushes += [("decision_of", code, push["decided_by"]) for code in sorted(decided)]
    if kind in ("KN", "TC") and signals.get("second", 0.0) >= push["second_from"]:
        pushes.append(("second_instance", "thanh-tra", push["second_instance"]))
        pushes.append(("second_instance", "van-phong-ubnd", push["second_instance_office"]))
    return pushes


def confidence_features(
    found: Understanding, scores: Mapping[str, float], ranked: Sequence[str]
) -> tuple[float, ...]:
    """What the confidence is read from: share, margin, agreement with the tables, words known.

    A second class that is lawful for the same topic does not count against the first.
    """
    fit = _rules()["confidence"]
    first, second = ranked[0], ranked[1]
    leading = sorted(found.topics, key=lambda c: (-found.topics[c], c))[:2]
    topics = lexicon().topics
    allies = any({first, second} <= set(topics[code].classes) for code in leading)
    margin = scores[first] - scores[second] * (fit["ally"] if allies else 1.0)
    table = found.evidence
    agrees = max(zip(table.values(), table, strict=True))[1] == first
    return (1.0, scores[first], margin, float(agrees), min(1.0, len(found.hits) / fit["hits"]))


def _confidence(found: Understanding, scores: Mapping[str, float], ranked: Sequence[str]) -> float:
    """Probability that the best class is lawful, fitted on petitions the model had not seen."""
    model = current_model("classes")
    fitted = model.fitted.get("confidence") if model is not None else None
    weights = [float(w) for w in fitted.split()] if fitted else _rules()["confidence"]["weights"]
    features = confidence_features(found, scores, ranked)
    return logistic(sum(w * f for w, f in zip(weights, features, strict=True)))


def logistic(logit: float) -> float:
    """The logistic function, safe for any number."""
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, logit))))


def _is_sure(
    classified: Classification,
    confidence: float,
    answer: str | None,
    candidates: Sequence[RouteCandidate],
) -> bool:
    if not candidates or answer == NONE_OF_THESE:
        return False
    if answer is not None:
        return True
    if classified.intent != "petition":
        return False
    model = current_model("classes")
    line = model.fitted.get("line") if model is not None else None
    return confidence >= float(line or _rules()["confidence"]["line"])


@dataclass(frozen=True)
class _Grounds:
    """What the reasons of all candidates are taken from, gathered once.

    `topical` and `named` hold the hits by class, strongest first; `here` is the line of the place.
    """

    topical: Mapping[str, list[Hit]]
    named: Mapping[str, list[Hit]]
    here: tuple[str, ...]
    said: frozenset[str]

    @staticmethod
    def of(found: Understanding, where: PlaceMatch | None) -> _Grounds:
        topics = lexicon().topics
        by_class: dict[str, list[Hit]] = {}
        for hit in found.topical:
            for code in topics[hit.phrase.target].classes:
                by_class.setdefault(code, []).append(hit)
        named: dict[str, list[Hit]] = {}
        for hit in strongest_hits(found.hits, "name"):
            named.setdefault(hit.phrase.target, []).append(hit)
        return _Grounds(by_class, named, _place_line(where), frozenset(found.reading.folded))


def _reasons(
    grounds: _Grounds, code: str, rules: Sequence[str], body: Agency | None
) -> tuple[str, ...]:
    """Why this class, for officers: phrases, names, rules, place."""
    wording = _sentences()["reason"]
    lines: list[str] = []
    if rules:
        name = lexicon().classes[code].name
        lines += [wording[rule].format(value=name) for rule in dict.fromkeys(rules)]
    if code in grounds.topical:
        phrases = phrase_texts(grounds.topical[code], 5)
        lines.append(wording["phrases"].format(value=", ".join(phrases)))
    if code in grounds.named:
        lines.append(wording["name"].format(value=", ".join(phrase_texts(grounds.named[code], 3))))
    model = current_model("classes")
    if not lines and model is not None and code in model.labels:
        strong = [
            gram for gram, weight in model.contributions(grounds.said, code)[:4] if weight > 0
        ]
        if strong:
            lines.append(wording["words"].format(value=", ".join(strong)))
    if body is None:
        lines.append(wording["place_unknown"])
    elif body.agency_class != code:
        lines.append(wording["stand_in"].format(value=body.name))
    return (*lines, *grounds.here)


def _place_line(where: PlaceMatch | None) -> tuple[str, ...]:
    """The place as one more reason; none where it is not known."""
    if where is None or not where.places:
        return ()
    labels = ", ".join(place.label for place in where.places[:2])
    return (_sentences()["reason"]["place"].format(value=f"{where.matched} → {labels}"),)


def _question(
    found: Understanding,
    candidates: Sequence[RouteCandidate],
    classified: Classification,
    *,
    sure: bool,
    answer: str | None,
) -> RouteQuestion | None:
    wording = _sentences()["question"]
    if sure:
        if candidates[0].agency.startswith(NO_BODY):
            return RouteQuestion("place", wording["place"], ())
        return None
    if answer is not None or not candidates or classified.intent != "petition":
        return None
    offered = candidates[:MOST_CHOICES]
    text = _sentences()["pair"].get(_shared_matter(found, offered[:2]), wording["which"])
    labels = lexicon().classes
    choices = [(labels[c.agency_class].label, c.agency_class) for c in offered]
    return RouteQuestion("class", text, tuple(choices))


def _shared_matter(found: Understanding, pair: Sequence[RouteCandidate]) -> str:
    """Both class codes in order of the alphabet where the text names a matter of both, else "".

    "Which school is it?" must not be asked of somebody who wrote of no school.
    """
    codes = sorted(candidate.agency_class for candidate in pair)
    topics, least = lexicon().topics, _rules()["question"]["topic"]
    shared = any(
        strength >= least and set(codes) <= set(topics[topic].classes)
        for topic, strength in found.topics.items()
    )
    return " ".join(codes) if shared else ""


def _explanation(
    topic_hits: Sequence[Hit],
    classified: Classification,
    candidates: Sequence[RouteCandidate],
    rules: Mapping[str, tuple[str, ...]],
    *,
    sure: bool,
) -> str:
    """One plain sentence for the citizen."""
    wording = _sentences()["explanation"]
    if classified.intent != "petition":
        return wording["not_petition"]
    if not candidates:
        return wording["ask_officer"]
    best = candidates[0]
    if not sure:
        if len(candidates) < 2:
            return wording["ask_officer"]
        return wording["ask"].format(first=best.name, second=candidates[1].name)
    applied = rules.get(best.agency_class, ())
    topical = [
        hit
        for hit in topic_hits
        if best.agency_class in lexicon().topics[hit.phrase.target].classes
    ]
    phrases = ", ".join(phrase_texts(topical, 3))
    topic = lexicon().topics[topical[0].phrase.target].name.lower() if topical else ""
    if "second_instance" in applied:
        key = "second"
    elif classified.kind == "TC":
        key = "denunciation"
    elif best.guide_only:
        key = "guide"
    else:
        key = "route" if topical else "route_plain"
    return wording[key].format(agency=best.name, phrases=phrases, topic=topic)
