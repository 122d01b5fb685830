"""What petitions are about: topics, their phrases, and the agency classes that answer for them.

The tables under `data/routing/` hold every word; this module loads and checks them and finds their
phrases in a text. A topic belongs to a first agency class and lawful further ones; it also says in
which field of form 02/XLD (TT06) a petition about it is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from intake.errors import DataFault
from intake.routing_data import read_rows, read_table, routing_folder
from intake.text import TONES, Reader, Reading, ShortForm, accent_key, fold, fold_words, words_of

LONGEST_PHRASE = 6
"""Words of the longest phrase that is looked for as a whole."""

FIELDS = ("land", "policy", "other")
"""Fields of form 02/XLD for complaints and feedback: đất đai; chế độ, chính sách; khác."""


@dataclass(frozen=True)
class AgencyClass:
    """One of the classes of agencies; see `data/routing/classes.toml`.

    `name` is how the body is called where no body of the place is known; `label` is what a
    citizen is offered as a choice. The bodies themselves are in the directory.
    """

    code: str
    name: str
    label: str


@dataclass(frozen=True)
class Topic:
    """A subject of petitions. `classes`: first choice, then lawful further ones."""

    code: str
    name: str
    classes: tuple[str, ...]
    field: str


@dataclass(frozen=True)
class Phrase:
    """A phrase of the tables and what it speaks for.

    `target` is a topic code (group "topic"), a class code (groups "name" and "sector": words that
    name a body only when it is asked or gone to) or a signal such as "kind.TC" (group "signal").
    `weight` is relative to an ordinary phrase of the same length (1.0).
    """

    text: str
    folded: str
    accented: str
    group: str
    target: str
    weight: float


class Hit(NamedTuple):
    """A phrase found in a text: first and one-past-last word, and weight after the mark check."""

    phrase: Phrase
    start: int
    end: int
    weight: float


_OPENING = 3
"""Words by which a longer phrase is recognised before it is looked up."""
_MARKS = {"!": 2.0, "?": 0.4}
_LENGTH_FACTOR = (0.0, 0.7, 1.3, 1.8, 2.2, 2.5, 2.7)
_LONE_UNMARKED = 0.35
"""What is left of a one-word phrase in a text typed without marks: "cho" is seldom "chợ"."""
_LEAST_WEIGHT = 0.05


# The tables repeat a few thousand words; folding each once halves the start.
_folded = lru_cache(maxsize=8192)(fold)
_accented = lru_cache(maxsize=8192)(accent_key)


def _phrases(block: str, group: str, target: str, file: str) -> Iterator[Phrase]:
    for raw in block.replace("\n", ";").split(";"):
        text = " ".join(raw.split())
        if not text:
            continue
        weight = _MARKS.get(text[-1], 1.0)
        text = text.rstrip("!?").strip()
        words = words_of(text)
        if not words:
            raise DataFault(file=file, line=0, fault=f"empty phrase in {target}")
        yield Phrase(
            text=text,
            folded=" ".join(map(_folded, words)),
            accented=" ".join(map(_accented, words)),
            group=group,
            target=target,
            weight=weight * _LENGTH_FACTOR[min(len(words), LONGEST_PHRASE)],
        )


class Lexicon:
    """Every table of `data/routing/` in one place, ready to search.

    Attributes:
        classes: agency classes by code, in the order of the table.
        topics: topics by code.
        reader: reads text with this vocabulary.
        version: of the tables, as written in `classes.toml`.
    """

    def __init__(
        self,
        version: str,
        classes: Mapping[str, AgencyClass],
        topics: Mapping[str, Topic],
        phrases: Iterable[Phrase],
        roles: Mapping[str, str],
        reader: Reader,
    ) -> None:
        self.version = version
        self.classes = dict(classes)
        self.topics = dict(topics)
        self.reader = reader
        self.phrases = tuple(phrases)
        self._roles = dict(roles)
        self._role_ends = frozenset(words.rpartition(" ")[2] for words in roles)
        by_words: list[dict[str, list[Phrase]]] = [{} for _ in range(LONGEST_PHRASE + 1)]
        openings: dict[str, set[int]] = {}
        for phrase in self.phrases:
            words = phrase.folded.split()
            if len(words) <= LONGEST_PHRASE:
                by_words[len(words)].setdefault(phrase.folded, []).append(phrase)
            if _OPENING < len(words) <= LONGEST_PHRASE:
                openings.setdefault(" ".join(words[:_OPENING]), set()).add(len(words))
        self._by_words = [{k: tuple(v) for k, v in table.items()} for table in by_words]
        self._openings = {words: tuple(sorted(counts)) for words, counts in openings.items()}

    def find(self, reading: Reading) -> list[Hit]:
        """Every phrase of the tables in the text, each at its last place; linear."""
        hits: list[Hit] = []
        accented, marked = reading.accented, reading.has_marks
        for gram, start, count in self._runs(reading):
            typed = " ".join(accented[start : start + count]) if marked else ""
            for phrase in self._by_words[count][gram]:
                weight = phrase.weight
                if marked:
                    if typed != phrase.accented:
                        weight *= _fit(phrase.accented.split(), typed.split())
                elif count == 1 and phrase.accented != gram:
                    weight *= _LONE_UNMARKED
                if weight > _LEAST_WEIGHT:
                    hits.append(Hit(phrase, start, start + count, weight))
        hits.sort(key=_place)
        return hits

    def _runs(self, reading: Reading) -> list[tuple[str, int, int]]:
        """(words, start, count) of every run that is some phrase, each at its last place."""
        runs: list[tuple[str, int, int]] = []
        for count in range(1, _OPENING + 1):
            table = self._by_words[count]
            last = {gram: at for at, gram in enumerate(reading.grams(count)) if gram in table}
            runs += [(gram, at, count) for gram, at in last.items()]
        # Few runs of three words open a longer phrase; only from those is read on.
        openings, words = self._openings, reading.folded
        longer: dict[str, tuple[int, int]] = {}
        for at, gram in enumerate(reading.grams(_OPENING)):
            for count in openings.get(gram, ()):
                run = " ".join(words[at : at + count])
                if run in self._by_words[count]:
                    longer[run] = (at, count)
        runs += [(run, at, count) for run, (at, count) in longer.items()]
        return runs

    def role_before(self, words: Sequence[str], at: int) -> str | None:
        """The role word standing shortly before the word at `at`; the nearest one, or None."""
        for end in range(at, max(0, at - _ROLE_REACH), -1):
            if words[end - 1] not in self._role_ends:
                continue
            for count in range(_LONGEST_ROLE, 0, -1):
                role = self._roles.get(" ".join(words[max(0, end - count) : end]))
                if role is not None:
                    return role
        return None


_ROLE_REACH = 4
_LONGEST_ROLE = 3


def _place(hit: Hit) -> tuple[int, int, str]:
    return (hit.start, hit.end, hit.phrase.target)


def _fit(wanted: Sequence[str], typed: Sequence[str]) -> float:
    """How well the marks of the typed words allow those of a phrase, 0–1.

    A word left without marks may be any; hỏi and ngã are one tone to half the country; a single
    other tone in a long phrase is a slip; other vowels make another word.
    """
    share = 1.0
    lone = len(wanted) == 1
    for word, want in zip(typed, wanted, strict=True):
        if word == want:
            continue
        if word.isascii():
            share *= _NO_MARKS
        elif word.rstrip(TONES) == want.rstrip(TONES):
            confused = word[-1] in _CONFUSED and want[-1] in _CONFUSED
            share *= _CONFUSED_TONE if confused else _OTHER_TONE
            lone = lone and not confused
        else:
            share *= _OTHER_VOWEL
    return 0.0 if lone and share < 1.0 else share


_CONFUSED = "?~"
_CONFUSED_TONE, _NO_MARKS, _OTHER_TONE, _OTHER_VOWEL = 0.9, 0.6, 0.5, 0.15


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The shipped tables, loaded once a process.

    Raises:
        DataFault: a table is missing, malformed, or names an unknown class.
    """
    table = read_table("classes.toml")
    classes = {
        row["code"]: AgencyClass(code=row["code"], name=row["name"], label=row["label"])
        for row in table["class"]
    }
    phrases: list[Phrase] = []
    for code, block in table["sectors"].items():
        phrases += _phrases(block, "sector", code, "classes.toml")
    for row in table["class"]:
        phrases += _phrases(row["names"], "name", row["code"], "classes.toml")
    topics: dict[str, Topic] = {}
    for path in sorted(p.name for p in (routing_folder() / "topics").iterdir()):
        if path.endswith(".toml"):
            phrases += _load_topics(f"topics/{path}", classes, topics)
    tables = read_table("signals.toml")
    roles = {
        " ".join(fold_words(phrase)): role
        for role, block in tables["roles"].items()
        for phrase in block.replace("\n", ";").split(";")
        if phrase.strip()
    }
    for signal, block in tables["signals"].items():
        phrases += _phrases(block, "signal", signal, "signals.toml")
    return Lexicon(table["version"], classes, topics, phrases, roles, _reader(phrases))


def _load_topics(
    file: str, classes: Mapping[str, AgencyClass], topics: dict[str, Topic]
) -> list[Phrase]:
    phrases: list[Phrase] = []
    for row in read_table(file)["topic"]:
        topic = Topic(row["code"], row["name"], tuple(row["classes"]), row["field"])
        unknown = [code for code in topic.classes if code not in classes]
        if unknown or topic.code in topics or topic.field not in FIELDS:
            raise DataFault(
                file=file, line=0, fault=f"topic {topic.code}: {unknown or 'twice, or wrong field'}"
            )
        topics[topic.code] = topic
        phrases += _phrases(row["phrases"], "topic", topic.code, file)
    return phrases


def _reader(phrases: Iterable[Phrase]) -> Reader:
    """The reader whose vocabulary is the words of the phrases and of the common-words table."""
    counts: dict[str, int] = {}
    common = (fold_words(" ".join(cells)) for _, cells in read_rows("common_words.tsv"))
    for word in chain(chain.from_iterable(p.folded.split() for p in phrases), *common):
        counts[word] = counts.get(word, 0) + 1
    table = read_table("syllables.toml")
    front, back = set(table["front_only"]), set(table["back_only"])
    syllables = {
        initial + rime
        for initial in table["initials"]
        for rime in table["rimes"]
        if not (initial in front and rime[0] not in "eiy")
        and not (initial in back and rime[0] in "eiy")
    }
    syllables.update(table["extra"])
    forms: dict[str, list[ShortForm]] = {}
    for number, cells in read_rows("short_forms.tsv"):
        if len(cells) not in (2, 3, 4):
            raise DataFault(file="short_forms.tsv", line=number, fault="two to four cells expected")
        before, after = (frozenset(fold(c).split()) for c in ([*cells[2:], "", ""])[:2])
        for short in cells[0].split("|"):
            forms.setdefault(short, []).append(ShortForm(short, cells[1], before, after))
    rules = [(short, full) for short, full in table["letter_rules"]]
    return Reader(syllables, counts, forms, rules)
