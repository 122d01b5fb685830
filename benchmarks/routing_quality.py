"""How often the route is right: as written, without marks, with slips and teencode, inside letters.

    python -m benchmarks.routing_quality [PART]

Routes the labelled petitions of a part of `tests/scenarios/routing/` (default `heldout`) and
prints, for all and for each group of voices, a line of shares as written and for twins of the same
petitions. Nothing of a single petition is shown. Slips are drawn from a fixed seed; letters are the
frames of `tests/scenarios/letters/`, in turn. Beside them: plain BM25 over the same phrase tables,
a class being the document of all its phrases; how hard a group is shows there, too.
"""

from __future__ import annotations

import math
import random
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from intake.directory import Directory
from intake.letters import parse_letter
from intake.places import Gazetteer
from intake.route_learning import Figures, Sample, fold_lines, measure, read_samples
from intake.routing import Router
from intake.text import clean, fold_words
from intake.topics import lexicon

TODAY = date(2026, 11, 21)
SCENARIOS = Path(__file__).parents[1] / "tests" / "scenarios"
SHORTENED = 0.5
"""Share of the texts whose words are shortened; of these each word with `WORD_SHORTENED`."""
WORD_SHORTENED = 0.7
VOICES = {
    "eight earlier authors": "rs b c d e f g h",
    "published petitions retold": "i j k l m n o",
    "voters, portals, complaints, chats": "p q s t",
    "forty matters a class": "u v w x y z",
    "pairs that differ in kind only": "aa",
    "rare matters, voters, chats, no body named": "ab ac ad ae",
    "eight later authors, ordinary words": "af ag ah ai aj ak al am",
    "kinds that nobody names": "an ao ap aq ar as at au",
    "seventy matters a class, half as riddles": "av aw ax ay az ba bb bc",
    "three to twelve words": "bd be bf bg",
}
"""Groups of authors; `tests/scenarios/routing/README.md` says how each wrote."""
UNMARKED = 0.5
"""Share of the texts without tone marks; in the others each word with `WORD_UNMARKED`."""
WORD_UNMARKED = 0.3
SLIP = 0.12
TEENCODE = 0.25


def main() -> None:
    """Measure and print."""
    part = sys.argv[1] if len(sys.argv) > 1 else "heldout"
    samples = read_samples(sorted((SCENARIOS / "routing").glob(f"{part}-*.jsonl")))
    gazetteer = Gazetteer.load()
    router = Router(Directory.load("vinh-long", gazetteer=gazetteer), gazetteer)
    plain = _PlainSearch()
    twins = {
        "as written": str,
        "without marks": fold_lines,
        "slips, teencode": _spoiled(),
        "inside a letter": _framed(),
    }
    for voices, authors in {"all": "", **VOICES}.items():
        own = [s for s in samples if not authors or s.id.partition("-")[0] in authors.split()]
        sys.stdout.write(f"{voices}\n")
        plain.print("  plain BM25", own)
        for name, change in twins.items():
            _print(f"  {name}", measure(router, own, TODAY, change))


class _PlainSearch:
    """BM25 over runs of one to three folded words: what a search engine makes of the tables."""

    def __init__(self) -> None:
        documents: dict[str, Counter[str]] = {code: Counter() for code in lexicon().classes}
        for phrase in lexicon().phrases:
            if phrase.group == "topic":
                code = lexicon().topics[phrase.target].classes[0]
                documents[code].update(_runs(phrase.folded.split()))
            elif phrase.group == "name":
                documents[phrase.target].update(_runs(phrase.folded.split()))
        holders = Counter(run for document in documents.values() for run in document)
        mean = sum(map(Counter.total, documents.values())) / len(documents)
        self._weights: dict[str, dict[str, float]] = {}
        for code, document in documents.items():
            length = 1.2 * (0.25 + 0.75 * document.total() / mean)
            for run, times in document.items():
                rarity = math.log(1 + (len(documents) - holders[run] + 0.5) / (holders[run] + 0.5))
                weight = rarity * times * 2.2 / (times + length)
                self._weights.setdefault(run, {})[code] = weight

    def print(self, name: str, samples: Sequence[Sample]) -> None:
        """How often it puts a lawful class first, and among three."""
        first = three = count = 0
        for sample in samples:
            if sample.classes:
                scores: Counter[str] = Counter()
                for run in set(_runs(fold_words(parse_letter(clean(sample.text)).body))):
                    scores.update(self._weights.get(run, {}))
                ranked = [code for code, _ in scores.most_common(3)]
                count += 1
                first += bool(ranked) and ranked[0] in sample.classes
                three += not set(ranked).isdisjoint(sample.classes)
        if count:
            shares = f"lawful {first / count:.3f}  within_three {three / count:.3f}"
            sys.stdout.write(f"{name:16} {count:4}  {'':11}  {shares}\n")


def _runs(words: Sequence[str]) -> list[str]:
    return [
        " ".join(words[at : at + count])
        for count in (1, 2, 3)
        for at in range(len(words) - count + 1)
    ]


def _print(name: str, figures: Figures) -> None:
    wanted = (
        "first", "lawful", "within_three", "answered", "answered_right", "kind_right",
        "undisputed", "undisputed_right",
    )  # fmt: skip
    shares = "  ".join(f"{field} {figures.share(field):.3f}" for field in wanted)
    sys.stdout.write(f"{name:16} {figures.petitions:4}  {shares}\n")
    sys.stdout.flush()


def _framed() -> Callable[[str], str]:
    frames = [path.read_text("utf-8") for path in sorted((SCENARIOS / "letters").glob("*.txt"))]
    return lambda text: frames[len(text) % len(frames)].replace("{content}", text)


def _spoiled() -> Callable[[str], str]:
    """Spoils a text as a hurried hand would; the same text always alike."""
    table = tomllib.loads((SCENARIOS / "routing" / "slips.toml").read_text("utf-8"))
    short: dict[str, list[str]] = table["short"]
    letters: list[list[str]] = table["letters"]

    def spoil(text: str) -> str:
        chance = random.Random(len(text) * 31)
        shortened = chance.random() < SHORTENED
        if shortened:
            for full, forms in short.items():
                if full in text and chance.random() < WORD_SHORTENED:
                    text = text.replace(full, chance.choice(forms))
        bare = chance.random() < UNMARKED
        words = []
        for typed in text.split(" "):
            word = fold_lines(typed) if bare or chance.random() < WORD_UNMARKED else typed
            drawn = chance.random()
            if len(word) > 2 and drawn < SLIP and word.isalpha():
                word = _slipped(word, chance, table["keys"])
            elif shortened and drawn < TEENCODE:
                usual, instead = chance.choice(letters)
                word = word.replace(usual, instead, 1)
            words.append(word)
        return " ".join(words)

    return spoil


def _slipped(word: str, chance: random.Random, keys: str) -> str:
    """Two letters swapped, one lost, doubled or mistaken."""
    at = chance.randrange(len(word) - 1)
    before, letter, after = word[:at], word[at], word[at + 1 :]
    return chance.choice(
        (
            before + after[0] + letter + after[1:],
            before + after,
            before + letter + letter + after,
            before + chance.choice(keys) + after,
        )
    )


if __name__ == "__main__":
    main()
