"""Vietnamese text as people type it, made comparable.

Two public levels: `clean` is what we store (the citizen's own words, without what no reader can
see), `fold` is what every search column holds. `read_words` is the deeper reading used only by
classification and routing: short forms, teencode, Telex left-overs and misspelt syllables are
resolved against the syllable inventory and the vocabulary in `data/routing/`.

Everything here is linear in the length of the text and never raises on any string.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz.distance import OSA

MAX_TEXT = 100_000
"""Characters that are read; what comes after is kept in storage but decides nothing."""

TONES = "`'~?."
"""The five tones as an `accent_key` ends in them: huyền, sắc, ngã, hỏi, nặng."""
_TONE_OF = dict(zip("\u0300\u0301\u0303\u0309\u0323", TONES, strict=True))
_QUALITIES = {"\u0302", "\u0306", "\u031b"}
_KEPT_CONTROLS = {"\n", "\t"}


def _fold_table() -> dict[int, str | None]:
    """Each marked Latin letter to its bare lower-case letter, each combining mark to nothing."""
    table: dict[int, str | None] = dict.fromkeys(range(0x0300, 0x0370))
    for code in (*range(0x00C0, 0x0250), *range(0x1E00, 0x1F00)):
        base = unicodedata.normalize("NFKD", chr(code))
        bare = "".join(c for c in base if not unicodedata.combining(c)).lower()
        table[code] = bare or chr(code)
    table[ord("đ")] = table[ord("Đ")] = table[ord("ð")] = table[ord("Ð")] = "d"
    return table


_FOLD = _fold_table()
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\uffff\ud800-\udfff]"
)
# A single plain blank is left alone: there is nothing to replace in most of a text.
_SPACES = re.compile(r"\s{2,}|[^\S ]")
_LINE_SPACES = re.compile(r"[^\S\n]{2,}|[^\S\n ]")
_MANY_LINES = re.compile(r"\n{3,}")
_TAG = re.compile(r"<[/!a-zA-Z][^<>]{0,300}>")
_WORD = re.compile(r"[^\W_]+")


def clean(text: str) -> str:
    """The text as it is stored: NFC, line ends as `\\n`, nothing invisible or unpaired.

    Control, zero-width and bidirectional marks, variation selectors, byte-order marks and lone
    surrogates go; visible characters stay as typed (case, marks, punctuation, emoji).
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    text = _INVISIBLE.sub("", text.replace("\u2029", "\n"))
    text = unicodedata.normalize("NFC", text)
    text = _LINE_SPACES.sub(" ", text)
    return _MANY_LINES.sub("\n\n", text).strip()


def fold(text: str) -> str:
    """Lower case, tone and vowel marks off, `đ` as `d`, single spaces; for search and comparison.

    Works on NFC and NFD alike. Punctuation and digits stay.
    """
    return _SPACES.sub(" ", text.lower().translate(_FOLD)).strip()


def fold_letters(text: str) -> str:
    """`fold` letter by letter: positions in the result are positions in the text.

    Expects NFC. Spaces stay as they are; a letter that would fold to none or several is kept.
    """
    if text.isascii():
        return text.lower()
    return " ".join(map(_PIECES.__getitem__, text.split(" ")))


_FOLD_LETTERS = {code: bare for code, bare in _FOLD.items() if bare is not None and len(bare) == 1}


class _Pieces(dict[str, str]):
    """Folded pieces between blanks, remembered: most words of a text were met before.

    Looking a piece up takes a fifth of the time of translating its letters.
    """

    _LIMIT = 20_000
    _LONGEST = 24  # letters; longer ones hardly come twice

    def __missing__(self, piece: str) -> str:
        folded = piece.lower().translate(_FOLD_LETTERS)
        if len(folded) != len(piece):
            folded = "".join(map(_fold_letter, piece))
        if len(piece) <= self._LONGEST:
            if len(self) >= self._LIMIT:
                self.clear()
            self[piece] = folded
        return folded


def _fold_letter(letter: str) -> str:
    folded = letter.lower().translate(_FOLD_LETTERS)
    return folded if len(folded) == 1 else letter


_PIECES = _Pieces()


def accent_key(word: str) -> str:
    """One lower-case syllable with its vowel marks, the tone moved to the end.

    `hòa` and `hoà` share a key, `mở`, `mồ` and `mỏ` do not. Without marks it equals `fold(word)`.
    """
    if word.isascii():
        return word
    marks = unicodedata.normalize("NFD", word)
    tone = "".join(_TONE_OF[c] for c in marks if c in _TONE_OF)
    return unicodedata.normalize("NFC", "".join(c for c in marks if c not in _TONE_OF)) + tone


def words_of(text: str) -> list[str]:
    """Lower-case NFC words (letters and digits) of a text, in order, at most `MAX_TEXT` read."""
    lowered = unicodedata.normalize("NFC", text[:MAX_TEXT].lower())
    if "<" in lowered:
        lowered = _TAG.sub(" ", lowered)
    return _WORD.findall(lowered)


def fold_words(text: str) -> list[str]:
    """Folded words of a text without any repair; for phrase tables and shingles."""
    return _WORD.findall(fold(text[:MAX_TEXT]))


_TELEX_INITIAL = re.compile(r"^(ngh|ng|nh|gh|gi|kh|ph|qu|th|tr|ch|dd|[bcdghklmnpqrstvx])?")
_TELEX_TONES = {"s": "\u0301", "f": "\u0300", "r": "\u0309", "x": "\u0303", "j": "\u0323"}
_TELEX_VOWELS = (
    ("uow", "ươ"), ("uwo", "ươ"), ("uwow", "ươ"), ("aa", "â"), ("ee", "ê"), ("oo", "ô"),
    ("aw", "ă"), ("ow", "ơ"), ("uw", "ư"), ("w", "ư"),
)  # fmt: skip
_VOWEL_RUN = re.compile(r"[aăâeêioôơuưy]+")


def decode_telex(word: str) -> str | None:
    """The syllable a Telex keyboard meant (`dduwowngf` → `đường`), or None if it is none.

    Only pure a–z words are read. Whether the result is a real syllable is for the caller to say.
    """
    if not (word.isascii() and word.isalpha()) or len(word) > 12:
        return None
    initial = _TELEX_INITIAL.match(word).group(0)  # type: ignore[union-attr]
    rest = word[len(initial) :]
    if rest and initial.startswith("d") and rest.endswith("d"):
        initial, rest = "dd", rest[:-1]
    tones = [c for c in rest if c in _TELEX_TONES]
    if len(tones) > 1:
        return None
    rest = "".join(c for c in rest if c not in _TELEX_TONES)
    for keys, vowel in sorted(_TELEX_VOWELS, key=lambda pair: -len(pair[0])):
        rest = rest.replace(keys, vowel)
    initial = initial.replace("dd", "đ")
    if initial + rest == word:
        return None
    return initial + _with_tone(rest, _TELEX_TONES[tones[0]]) if tones else initial + rest


def _with_tone(rime: str, tone: str) -> str:
    """Set the tone on the vowel that carries it in Vietnamese spelling."""
    run = _VOWEL_RUN.search(rime)
    if run is None:
        return rime
    vowels = run.group(0)
    marked = [i for i, v in enumerate(vowels) if v in "ăâêôơư"]
    if marked:
        at = marked[-1]
    elif len(vowels) == 1:
        at = 0
    else:
        at = 1 if run.end() < len(rime) or len(vowels) > 2 else 0
    at += run.start()
    return unicodedata.normalize("NFC", rime[: at + 1] + tone + rime[at + 1 :])


@dataclass(frozen=True)
class ShortForm:
    """One reading of an abbreviation or teencode word.

    `expansion` is written in full Vietnamese; `before`/`after` hold folded words of which one
    must stand directly before or after (either suffices); both empty means always. `#` stands
    for a number.
    """

    short: str
    expansion: str
    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()

    def fits(self, previous: str, following: str) -> bool:
        """Whether the neighbours allow this reading."""
        if not self.before and not self.after:
            return True
        return _named(previous, self.before) or _named(following, self.after)


def _named(word: str, words: frozenset[str]) -> bool:
    return word in words or (word.isdigit() and "#" in words)


@dataclass(frozen=True)
class Reading:
    """The words of a text after reading: two aligned lists.

    `folded` has no marks; `accented` holds `accent_key` forms, equal to the folded word where the
    writer set no marks. `has_marks` says whether the text was typed with marks at all (then a
    missing mark means something). `repairs` lists (typed, read as), for officers.
    """

    folded: tuple[str, ...]
    accented: tuple[str, ...]
    has_marks: bool
    repairs: tuple[tuple[str, str], ...] = ()
    _grams: list[Sequence[str]] = field(default_factory=list, compare=False, repr=False)

    def grams(self, count: int) -> Sequence[str]:
        """All runs of `count` folded words, in order; built once."""
        known = self._grams
        if not known:
            known.extend(((), self.folded))
        while len(known) <= count:
            words = self.folded[len(known) - 1 :]
            # The shorter list ends the pairs: the last words begin no longer run.
            known.append([f"{a} {b}" for a, b in zip(known[-1], words, strict=False)])
        return known[count]


_SHORT = 4  # letters


class Reader:
    """Reads words against an inventory of syllables, a vocabulary and short forms.

    Args:
        syllables: every folded syllable that Vietnamese spelling allows.
        vocabulary: folded words known to routing, with how often they occur there; the target of
            repairs.
        short_forms: readings by folded short form, first fitting one wins.
        letter_rules: teencode letter for letters, such as (`f`, `ph`).

    A reader is shared by threads: its only state is a cache of single words, whose entries depend
    on nothing but the word.
    """

    _CACHE_LIMIT = 50_000

    def __init__(
        self,
        syllables: Iterable[str],
        vocabulary: Mapping[str, int],
        short_forms: Mapping[str, Sequence[ShortForm]],
        letter_rules: Sequence[tuple[str, str]],
    ) -> None:
        self._syllables = frozenset(syllables)
        self._vocabulary = dict(vocabulary)
        self._short_forms = dict(short_forms)
        self._letter_rules = tuple(letter_rules)
        self._deletions = _deletion_index(self._vocabulary)
        self._cache: dict[str, tuple[str, str, bool]] = {}

    def read(self, text: str) -> Reading:
        """Read a text. Linear; the empty text gives an empty reading."""
        words = words_of(text)
        if not words:
            return Reading((), (), has_marks=False)
        cache = self._cache
        if len(cache) > self._CACHE_LIMIT:
            cache.clear()
        look_up: Callable[[str], tuple[str, str, bool]] = self._look_up
        read = [cache.get(word) or look_up(word) for word in words]
        folded = [entry[0] for entry in read]
        accented = [entry[1] for entry in read]
        has_marks = sum([not word.isascii() for word in words]) * 8 >= len(words)
        repaired = {word: entry[0] for word, entry in zip(words, read, strict=True) if entry[2]}
        repairs = tuple(repaired.items())
        if not self._short_forms.keys().isdisjoint(words):
            folded, accented = self._expand(words, folded, accented)
        return Reading(tuple(folded), tuple(accented), has_marks, repairs)

    def _expand(
        self, words: list[str], folded: list[str], accented: list[str]
    ) -> tuple[list[str], list[str]]:
        """Replace short forms whose neighbours allow it; `words` are as typed."""
        out_folded: list[str] = []
        out_accented: list[str] = []
        last = len(words) - 1
        for i, word in enumerate(words):
            for form in self._short_forms.get(word, ()):
                previous = folded[i - 1] if i else ""
                following = folded[i + 1] if i < last else ""
                if form.fits(previous, following):
                    for full in form.expansion.split():
                        out_folded.append(fold(full))
                        out_accented.append(accent_key(full))
                    break
            else:
                out_folded.append(folded[i])
                out_accented.append(accented[i])
        return out_folded, out_accented

    def _look_up(self, word: str) -> tuple[str, str, bool]:
        """(folded, accented, whether repaired) of a typed word that may be no word; cached."""
        bare = fold(word)
        if (
            bare in self._syllables
            or bare in self._vocabulary
            or word in self._short_forms
            or not bare.isalpha()
            or not 3 <= len(bare) <= 14
        ):
            pair = (bare, accent_key(word))
        else:
            pair = self._repair(word, bare)
        entry = self._cache[word] = (*pair, pair[0] != bare)
        return entry

    def _known(self, word: str) -> bool:
        return word in self._vocabulary or word in self._syllables

    def _repair(self, word: str, bare: str) -> tuple[str, str]:
        telex = decode_telex(bare) if word == bare else None
        if telex is not None and self._known(fold(telex)):
            return fold(telex), accent_key(telex)
        squeezed = re.sub(r"(.)\1{2,}", r"\1", bare)
        if squeezed != bare and self._known(squeezed):
            return squeezed, squeezed
        for short, full in self._letter_rules:
            if short in bare:
                candidate = bare.replace(short, full)
                if candidate in self._vocabulary:
                    return candidate, candidate
        nearest = self._nearest(bare)
        if nearest is not None:
            return nearest, nearest
        return bare, accent_key(word)

    def _nearest(self, bare: str) -> str | None:
        """The most frequent vocabulary word one slip away (letter lost, added, wrong, swapped)."""
        found: set[str] = set(self._deletions.get(bare, ()))
        for i in range(len(bare)):
            shorter = bare[:i] + bare[i + 1 :]
            if shorter in self._vocabulary:
                found.add(shorter)
            found.update(self._deletions.get(shorter, ()))
        # Short words have too many neighbours: only a real syllable may be meant.
        good = [
            w
            for w in found
            if (len(bare) > _SHORT or w in self._syllables)
            and OSA.distance(bare, w, score_cutoff=1) <= 1
        ]
        if not good:
            return None
        # A slip rarely hits the first letter; a swap of neighbours is the commonest slip.
        return max(
            good,
            key=lambda w: (
                w[0] == bare[0],
                sorted(w) == sorted(bare),
                self._vocabulary[w],
                w,
            ),
        )


def _deletion_index(vocabulary: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """Every word with one letter taken out, to the words it came from."""
    index: dict[str, list[str]] = {}
    for word in vocabulary:
        if 3 <= len(word) <= 8 and word.isalpha():
            for shorter in {word[:i] + word[i + 1 :] for i in range(len(word))}:
                index.setdefault(shorter, []).append(word)
    return {shorter: tuple(words) for shorter, words in index.items()}
