"""What kind of message a text is: kind of petition, topic, intent, urgency, who is accused.

The kind follows content and demand, never the title (TT 05/2021/TT-TTCP Điều 6 k1). Words and
weights are in `data/routing/signals.toml` and the kind model; this module combines them and shows
the evidence. Choosing the agency is in `routing.py`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from intake.letters import Letter, parse_letter
from intake.routing_data import read_table
from intake.routing_model import SIGNAL, LinearModel, grams_of, probabilities
from intake.routing_versions import current_model
from intake.text import MAX_TEXT, Reading, clean, fold, fold_letters
from intake.topics import Hit, Topic, lexicon

KINDS = ("KN", "KN_KL", "TC", "KNPA", "PAKN", "MIXED", "OTHER")
_STEPS = (0.5, 2.0, 5.0)
"""Strengths of a signal or topic that count as further features."""


@dataclass(frozen=True)
class Classification:
    """What a text is.

    Attributes:
        kind: a code of `KINDS`.
        topic: code of a topic of `data/routing/topics`, "" if none was found.
        score: how sure the kind is, 0–100.
        evidence: phrases of the text the decision rests on, strongest first.
        intent: petition, greeting, procedure_question, schedule_question, thanks, insult,
            emergency, court, status, person, spam or empty.
        fields: field codes of form 02/XLD (TT06) for this kind.
        accused: words naming the accused official or body (denunciations).
        parts: one classification for each subject when there are several, else empty.
        excerpt: of a part, the words it stands in; can be routed on its own.
        urgent: key of the emergency number that comes first ("113", "114", "115", "111"), or None.
        numbers: all emergency numbers the text speaks for, `urgent` first; a child in danger has
            the police beside the children's line.
    """

    kind: str
    topic: str
    score: float
    evidence: tuple[str, ...]
    intent: str = "petition"
    fields: tuple[str, ...] = ()
    accused: tuple[str, ...] = ()
    parts: tuple[Classification, ...] = ()
    urgent: str | None = None
    excerpt: str = ""
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Understanding:
    """A text taken apart once, for classification and routing alike.

    `signals` and `topics` hold summed phrase weights by signal name and topic code; `features`
    are what the models read; `evidence` is what the phrase tables say for each class, about 0–10.
    """

    text: str
    letter: Letter
    reading: Reading
    hits: tuple[Hit, ...]
    signals: Mapping[str, float]
    topics: Mapping[str, float]
    features: frozenset[str]
    evidence: Mapping[str, float]

    @cached_property
    def topical(self) -> list[Hit]:
        """Phrases of topics, strongest first, without those inside a longer one."""
        return strongest_hits(self.hits, "topic")


def understand(text: str) -> Understanding:
    """Clean, take the letter apart, read the words, find the phrases. Linear; never raises."""
    cleaned = clean(text[: MAX_TEXT + 1])
    letter = parse_letter(cleaned)
    return _of_words(cleaned, letter, letter.body)


def _of_words(text: str, letter: Letter, body: str) -> Understanding:
    words = lexicon()
    reading = words.reader.read(body)
    hits = words.find(reading)
    signals: dict[str, float] = {}
    topics: dict[str, float] = {}
    names: set[str] = set()
    for hit in hits:
        phrase = hit.phrase
        if phrase.group == "topic":
            topics[phrase.target] = topics.get(phrase.target, 0.0) + hit.weight
        elif phrase.group == "signal":
            signals[phrase.target] = signals.get(phrase.target, 0.0) + hit.weight
        elif phrase.group == "name":
            names.add(f"{SIGNAL}n:{phrase.target}")
    features = grams_of(reading) | names
    roles = _roles(reading, hits)
    features |= roles
    features.update(_steps("s", signals))
    features.update(_steps("t", topics))
    leading = sorted(topics, key=lambda code: (-topics[code], code))[:2]
    features.update(f"{SIGNAL}lead{rank}:{code}" for rank, code in enumerate(leading))
    length = len(reading.folded)
    features.update(f"{SIGNAL}len<{limit}" for limit in _LENGTHS if length < limit)
    features.update(_shape(text, letter, reading))
    evidence = _evidence_by_class(hits, roles)
    return Understanding(
        text, letter, reading, tuple(hits), signals, topics, frozenset(features), evidence
    )


def _evidence_by_class(hits: Sequence[Hit], roles: set[str]) -> dict[str, float]:
    """Sum of the phrases' weights by class; the root keeps a long text from shouting."""
    words = lexicon()
    scores = dict.fromkeys(words.classes, 0.0)
    shares = _rules()["shares"]
    first, further, name = shares["first"], shares["further"], shares["name"]
    for hit in hits:
        group, target = hit.phrase.group, hit.phrase.target
        if group == "topic":
            classes = words.topics[target].classes
            scores[classes[0]] += hit.weight * first
            for code in classes[1:]:
                scores[code] += hit.weight * further
        elif group == "name":
            scores[target] += hit.weight * name
    for role in roles:
        if role.startswith(_ASKED):
            scores[role.removeprefix(_ASKED)] += shares["asked"]
    return {code: math.sqrt(value) * 2 if value else 0.0 for code, value in scores.items()}


_ASKED = f"{SIGNAL}asked:"


_LENGTHS = (4, 8, 14, 25)


def _shape(text: str, letter: Letter, reading: Reading) -> set[str]:
    """How a message begins, ends, asks and repeats; and what a letter calls itself."""
    words = reading.folded
    shape = {f"{SIGNAL}first:{' '.join(words[:n])}" for n in (1, 2)}
    shape |= {f"{SIGNAL}last:{' '.join(words[-n:])}" for n in (1, 2)}
    if text.rstrip().endswith("?"):
        shape.add(f"{SIGNAL}asks")
    said = Counter(words)
    shape |= {f"{SIGNAL}twice:{word}" for word in _twice() if said[word] > 1}
    if letter.title:
        titled = lexicon().find(lexicon().reader.read(letter.title))
        shape |= {
            f"{SIGNAL}title:{hit.phrase.target}" for hit in titled if hit.phrase.group == "signal"
        }
    return shape


@lru_cache(maxsize=1)
def _twice() -> tuple[str, ...]:
    block = read_table("signals.toml")["repeated"]["several"]
    return tuple(fold(word) for word in block.split(";"))


def _roles(reading: Reading, hits: Sequence[Hit]) -> set[str]:
    """In which role a body is named: asked for help, gone to in vain, deciding, accused."""
    roles: set[str] = set()
    for hit in hits:
        if hit.phrase.group in ("name", "sector"):
            role = lexicon().role_before(reading.folded, hit.start)
            if role is not None:
                roles.add(f"{SIGNAL}{role}:{hit.phrase.target}")
    return roles


def _steps(group: str, strengths: Mapping[str, float]) -> list[str]:
    return [
        f"{SIGNAL}{group}:{name}>{step}"
        for name, strength in strengths.items()
        for step in _STEPS
        if strength >= step
    ]


def classify(text: str) -> Classification:
    """Kind, topic, intent and urgency of a text.

    Args:
        text: anything; only the first 100,000 characters are read.

    Returns:
        A `Classification`; never raises. A text without words is OTHER with intent `empty`.
    """
    return classification_of(understand(text))


def classification_of(found: Understanding) -> Classification:
    """`classify` for a text that is taken apart already."""
    if not any(word.isalpha() for word in found.reading.folded):
        return Classification("OTHER", "", 100.0, (), intent="empty")
    numbers, danger = _urgency(found)
    kind, score = _kind(found)
    intent = "petition"
    # A petition that is surely one tells of a danger that is over, or asks against the next one.
    if danger and (kind == "OTHER" or score < _rules()["urgency"]["petition"]):
        kind, intent = "OTHER", "emergency"
    elif kind == "OTHER":
        numbers = numbers or _hinted_numbers(found)
        intent = "emergency" if numbers else _intent(found)
    topic = _topic(found)
    return Classification(
        kind=kind,
        topic=topic.code if topic else "",
        score=round(100 * score, 1),
        evidence=_evidence(found, kind, intent),
        intent=intent,
        fields=_fields(found, kind, topic),
        accused=_accused(found) if kind in ("TC", "MIXED") else (),
        parts=_parts(found, kind),
        urgent=numbers[0] if numbers else None,
        numbers=numbers,
    )


@lru_cache(maxsize=1)
def _rules() -> Mapping[str, Mapping[str, float]]:
    rules: Mapping[str, Mapping[str, float]] = read_table("decisions.toml")
    return rules


def _kind(found: Understanding) -> tuple[str, float]:
    """The kind and its probability."""
    model = current_model("kinds")
    if model is None:
        scores = _kind_by_cues(found)
    else:
        scores = dict(zip(model.labels, model.scores(found.features), strict=True))
    shares = probabilities([scores.get(kind, -9.0) for kind in KINDS])
    # Whatever is ruled out stays so: the next likeliest must not lead back to it.
    ruled_out = {"OTHER": _has_matter, "MIXED": _has_no_room_for_two}
    ranked = sorted(range(len(KINDS)), key=lambda kind: -shares[kind])
    best = next(i for i in ranked if KINDS[i] not in ruled_out or not ruled_out[KINDS[i]](found))
    return KINDS[best], shares[best]


def _has_no_room_for_two(found: Understanding) -> bool:
    """Whether a text is too short for two demands and holds no word that joins them."""
    limits = _rules()["mixed"]
    several = found.signals.get("several", 0.0)
    return len(found.reading.folded) < limits["words"] and several < limits["several"]


def _has_matter(found: Understanding) -> bool:
    """Whether a text names a matter and holds no word of a greeting, a question, a danger …

    Such a text is a petition however short it is: a petition taken for chat is lost.
    """
    limits = _rules()["matter"]
    intent = max(
        (
            strength
            for name, strength in found.signals.items()
            if name.startswith(("intent.", "emergency."))
        ),
        default=0.0,
    )
    return max(found.evidence.values()) >= limits["evidence"] and intent < limits["intent"]


def _kind_by_cues(found: Understanding) -> dict[str, float]:
    """Scores from the phrase tables alone, for a first day without a model."""
    base = _rules()["kind_base"]
    scores = {kind: base[kind] + found.signals.get(f"kind.{kind}", 0.0) for kind in KINDS}
    strongest = max((found.signals.get(f"intent.{name}", 0.0) for name in INTENTS), default=0.0)
    scores["OTHER"] += strongest - 0.3 * sum(found.topics.values())
    return scores


INTENTS = (
    "greeting", "thanks", "insult", "status", "schedule_question", "procedure_question", "person",
    "spam", "court",
)  # fmt: skip
DANGER = "emergency"
"""The intent that has numbers to call instead of words of its own."""


def _intent(found: Understanding) -> str:
    """Which kind of no-petition: the model's order among the intents that have words in the text.

    Without any word of an intent nothing is imputed but danger, which is told without asking; else
    a question if a topic is named, else `empty`.
    """
    present = _present_intents(found)
    model: LinearModel | None = current_model("intents")
    if model is None:
        by_words = {name: found.signals.get(f"intent.{name}", 0.0) for name in present}
        if by_words:
            return max(by_words, key=by_words.__getitem__)
        return "procedure_question" if found.topics else "empty"
    scores = dict(zip(model.labels, model.scores(found.features), strict=True))
    if present:
        return max(present, key=lambda name: scores.get(name, 0.0))
    if max(scores, key=scores.__getitem__) == DANGER:
        return DANGER
    return "procedure_question" if found.topics else "empty"


_LEAST_INTENT = 0.25


def _present_intents(found: Understanding) -> list[str]:
    return [name for name in INTENTS if found.signals.get(f"intent.{name}", 0.0) > _LEAST_INTENT]


def _hinted_numbers(found: Understanding) -> tuple[str, ...]:
    """Numbers to call for what is no petition, asks nothing and speaks of danger, however faintly.

    "The neighbour beats his child till it bleeds" must not be taken for a question on procedure.
    """
    if _present_intents(found):
        return ()
    strengths = _danger(found)
    least = _rules()["urgency"]["hint"]
    ranked = sorted(strengths, key=lambda key: -strengths[key])
    return tuple(key for key in ranked if strengths[key] >= least)


def _danger(found: Understanding) -> dict[str, float]:
    """How strongly a text speaks of danger, by emergency number."""
    strengths = {
        key: found.signals.get(f"emergency.{key}", 0.0) for key in ("113", "114", "115", "111")
    }
    strengths["114"] += found.signals.get("emergency.wire", 0.0)
    return strengths


def _urgency(found: Understanding) -> tuple[tuple[str, ...], bool]:
    """(numbers to call, whether danger is now so that no petition should be filed).

    Danger words alone give the numbers; together with a cry for help they are an emergency, and so
    is a live wire within reach.
    """
    limits = _rules()["urgency"]
    strengths = _danger(found)
    wire = found.signals.get("emergency.wire", 0.0)
    if min(found.signals.get(name, 0.0) for name in ("child", "harm")) >= limits["child"]:
        strengths["111"] += limits["child_harmed"]
    ranked = sorted(strengths, key=lambda key: -strengths[key])
    numbers = tuple(key for key in ranked if strengths[key] >= limits["number"])
    if not numbers:
        return (), False
    if strengths["111"] >= limits["number"]:
        others = (key for key in numbers if key not in ("111", "113"))
        numbers = ("111", "113", *others)
    now = found.signals.get("emergency.now", 0.0)
    # A child harmed or a live wire on the ground needs no cry, unless the text makes a demand.
    plain = all(found.signals.get(verb, 0.0) < limits["verb"] for verb in _VERBS)
    silent = plain and max(wire, strengths["111"]) >= limits["silent"]
    cried = now >= limits["now"] and max(strengths.values()) + now >= limits["danger"]
    danger = (silent or cried) and len(found.reading.folded) <= limits["longest"]
    return numbers, danger


_VERBS = ("verb.KNPA", "verb.KN", "verb.TC")


def _topic(found: Understanding) -> Topic | None:
    if not found.topics:
        return None
    return lexicon().topics[max(found.topics, key=lambda code: (found.topics[code], code))]


def _fields(found: Understanding, kind: str, topic: Topic | None) -> tuple[str, ...]:
    """Field of form 02/XLD: the denunciations' fields differ from the others' (TT06)."""
    field = topic.field if topic else "other"
    if kind in ("KN", "KN_KL", "KNPA"):
        return ("policy",) if kind == "KN_KL" else (field,)
    if kind == "TC":
        limits = _rules()["fields"]
        if found.signals.get("corruption", 0.0) >= limits["corruption"]:
            return ("corruption",)
        if topic is not None and topic.classes[0] in ("toa-an", "vien-kiem-sat", "thi-hanh-an"):
            return ("judicial",)
        official = found.signals.get("official", 0.0) >= limits["official"]
        return ("administrative",) if official or field != "other" else ("other",)
    return ()


def _evidence(found: Understanding, kind: str, intent: str) -> tuple[str, ...]:
    """The phrases behind kind and topic, as the writer's own words where they stand."""
    wanted = {f"kind.{kind}", f"intent.{intent}"}
    if intent == "emergency":
        wanted |= {name for name in found.signals if name.startswith("emergency.")}
    chosen = [hit for hit in found.hits if hit.phrase.target in wanted]
    return tuple(_names(chosen, 6)) or tuple(phrase_texts(found.topical, 4))


_MOST_SHOWN = 24


def _by_weight(hit: Hit) -> tuple[float, int]:
    return (-hit.weight, hit.start)


def strongest_hits(hits: Sequence[Hit], group: str) -> list[Hit]:
    """Hits of a group, strongest first, without those inside a longer one."""
    chosen = [hit for hit in hits if hit.phrase.group == group]
    kept: list[Hit] = []
    for hit in sorted(chosen, key=_by_weight)[:_MOST_SHOWN]:
        inside = any(k.start <= hit.start and hit.end <= k.end for k in kept)
        if not inside:
            kept.append(hit)
    return kept


def _names(hits: Sequence[Hit], limit: int) -> list[str]:
    return phrase_texts(sorted(hits, key=_by_weight), limit)


def phrase_texts(hits: Sequence[Hit], limit: int) -> list[str]:
    """The phrases of hits that are sorted strongest first, without those that hardly count."""
    least = _SHOWN_SHARE * hits[0].weight if hits else 0.0
    return list(dict.fromkeys(hit.phrase.text for hit in hits if hit.weight >= least))[:limit]


_SHOWN_SHARE = 0.3


def _parts(found: Understanding, kind: str) -> tuple[Classification, ...]:
    """Subjects said one after the other ("thứ nhất …, thứ hai …"), each classified alone.

    Only where the text itself speaks of several things, and only parts whose leading classes
    differ and do not answer for the same topic.
    """
    limits = _rules()["parts"]
    several = found.signals.get("several", 0.0) >= limits["several"]
    if not (several or kind == "MIXED") or len(found.letter.body) > limits["longest"]:
        return ()
    kept: list[tuple[str, Understanding]] = []
    for piece in _pieces(found.letter.body):
        part = _of_words(piece, Letter(body=piece), piece)
        best = max(part.evidence, key=lambda code: (part.evidence[code], code))
        if part.evidence[best] < limits["evidence"] or _topic(part) is None:
            continue
        if kept and _same_matter(kept[-1][0], best, part):
            joined = f"{kept[-1][1].text} {piece}"
            kept[-1] = (kept[-1][0], _of_words(joined, Letter(body=joined), joined))
        elif all(best != code for code, _ in kept):
            kept.append((best, part))
    if len(kept) == 1 or not kept:
        return ()
    return tuple(_part(part) for _, part in kept[:4])


def _same_matter(code: str, best: str, part: Understanding) -> bool:
    topic = _topic(part)
    return code == best or (topic is not None and code in topic.classes)


def _part(part: Understanding) -> Classification:
    topic = _topic(part)
    kind, score = _kind(part)
    if kind in ("OTHER", "MIXED"):
        kind = "KNPA"
    return Classification(
        kind=kind,
        topic=topic.code if topic else "",
        score=round(100 * score, 1),
        evidence=tuple(phrase_texts(part.topical, 4)),
        fields=_fields(part, kind, topic),
        excerpt=part.text,
    )


_SENTENCE_END = re.compile(r"(?<=[.!?;\n])\s+")


@lru_cache(maxsize=1)
def _split_words() -> re.Pattern[str]:
    block = read_table("signals.toml")["splits"]["words"]
    words = sorted((" ".join(w.split()) for w in block.split(";") if w.strip()), key=len)
    return re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(fold(w)) for w in reversed(words))})(?!\w)")


def _pieces(body: str) -> list[str]:
    """The body cut at sentence ends and at words that begin another subject."""
    pieces: list[str] = []
    for sentence in _SENTENCE_END.split(body):
        folded = fold_letters(sentence)
        starts = [0, *(m.start() for m in _split_words().finditer(folded) if m.start() > 0)]
        ends = [*starts[1:], len(sentence)]
        pieces += [sentence[a:b].strip(" ,;:") for a, b in zip(starts, ends, strict=True)]
    return [piece for piece in pieces if piece]


def _accused(found: Understanding) -> tuple[str, ...]:
    """Officials and bodies named right after words of accusation or as subject of a bad act."""
    officials = [hit for hit in found.hits if hit.phrase.target == "official"]
    names = [hit for hit in found.hits if hit.phrase.group == "name" and hit.weight > 1]
    words = found.reading.accented if found.reading.has_marks else found.reading.folded
    spans = []
    for hit in sorted(officials, key=lambda h: h.start)[:3]:
        beside = next((n for n in names if 0 <= n.start - hit.end <= 2), None)
        end = beside.end if beside else min(len(words), hit.end + 3)
        spans.append(" ".join(found.reading.folded[hit.start : end]))
    return tuple(dict.fromkeys(spans)) or tuple(fold(hit.phrase.text) for hit in names[:2])
