"""The formal letter: furniture apart from content.

A Vietnamese petition letter carries a heading, addressees ("Kính gửi …"), the writer's identity,
an assurance, a closing and a distribution list. All of these name agencies that are not
responsible, so none may decide the route. `parse_letter` puts each piece into its own field and
leaves the content in `body`. A text that is no letter comes back whole: a one-sentence message is
never thrown away. The cue words are in `data/routing/furniture.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from intake.routing_data import read_table
from intake.text import MAX_TEXT, fold, fold_letters, fold_words

_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+(?=[^\W\d_])")
_FIRST_WORD = re.compile(r"[^\W_]+")
_ID_NUMBER = re.compile(r"\b\d{9}(?:\d{3})?\b")
_PHONE = re.compile(r"(?<!\d)(?:\+?84|0)(?:[ .]?\d){8,10}(?!\d)")
_MIN_BODY_WORDS = 3
_MOST_CLAUSES = 24  # of an identity sentence; a bound keeps a row of commas linear


@dataclass(frozen=True)
class Letter:
    """A petition letter taken apart; every field is the writer's own text, "" or () if absent.

    `body` is what the letter is about and always non-blank when the input was; `demand` is the
    part of the body that says what is asked. `is_letter` says whether furniture was found.
    """

    body: str
    is_letter: bool = False
    title: str = ""
    addressees: tuple[str, ...] = ()
    name: str = ""
    address: str = ""
    id_number: str = ""
    phone: str = ""
    demand: str = ""
    furniture: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Cues:
    """Folded openings by piece of furniture, compiled to one anchored expression each."""

    pieces: Mapping[str, re.Pattern[str]]
    first_words: frozenset[str]
    label: re.Pattern[str]
    markers: re.Pattern[str]
    breaks: re.Pattern[str]
    identity_end: re.Pattern[str]
    identity_clause: re.Pattern[str]
    demand: re.Pattern[str]
    subject: re.Pattern[str]
    cut: re.Pattern[str]
    bodies: re.Pattern[str]
    date_line: re.Pattern[str]
    lead_in: re.Pattern[str]
    self_names: re.Pattern[str]
    filler: frozenset[str]
    filler_before: frozenset[str]


def _alternatives(phrases: Sequence[str]) -> str:
    return "|".join(re.escape(fold(p)) for p in sorted(phrases, key=len, reverse=True))


@lru_cache(maxsize=1)
def _cues() -> _Cues:
    table = read_table("furniture.toml")
    pieces = {
        piece: re.compile(rf"\W*(?:{_alternatives(phrases)})(?!\w)")
        for piece, phrases in table["pieces"].items()
    }
    return _Cues(
        pieces=pieces,
        first_words=frozenset(
            fold_words(phrase)[0]
            for phrases in table["pieces"].values()
            for phrase in phrases
            if fold_words(phrase)
        ),
        label=re.compile(rf"^\W*(?:{_alternatives(table['pieces']['label'])})(?!\w)"),
        markers=re.compile(rf"(?<!\w)(?:{_alternatives(table['markers'])})(?!\w)"),
        breaks=re.compile(rf"(?<!\w)(?:{_alternatives(table['breaks'])})(?!\w)"),
        identity_end=re.compile(rf"(?<!\w)(?:{_alternatives(table['identity_end'])})(?!\w)\W*"),
        identity_clause=re.compile(
            rf"\W*(?:\d|(?:{_alternatives(table['identity_clauses'])})(?!\w))"
        ),
        demand=re.compile(rf"\W*(?:{_alternatives(table['demand'])})(?!\w)"),
        subject=re.compile(rf"(?<!\w)(?:{_alternatives(table['subject'])})(?!\w)\W*"),
        cut=re.compile(table["identity_numbers"]),
        bodies=re.compile(rf"\W*(?:{_alternatives(table['body_names'])})(?!\w)"),
        date_line=re.compile(table["date_line"]),
        lead_in=re.compile(rf"(?<!\w)(?:{_alternatives(table['lead_in_ends'])})(?!\w)\W*|:\W*"),
        self_names=re.compile(rf"\W*(?:{_alternatives(table['self_names'])})\W+"),
        filler=frozenset(fold_words(table["filler"])),
        filler_before=frozenset(fold_words(f"{table['filler']} {table['filler_before']}")),
    )


def parse_letter(text: str) -> Letter:
    """Take a letter apart. Linear in the text; never raises.

    Args:
        text: as cleaned by `text.clean`; line ends help but are not needed.

    Returns:
        A `Letter`; `is_letter` False and `body` the whole text when nothing looks like a letter.
    """
    text = text[:MAX_TEXT]
    cues = _cues()
    flat = fold_letters(text)
    marked = cues.markers.search(flat, 0, _HEAD_LETTERS)
    if not marked and len(flat) > _HEAD_LETTERS:
        marked = cues.markers.search(flat[-_FOOT_LETTERS:])
    if not marked:
        return Letter(body=text)
    pieces: dict[str, list[str]] = {}
    body: list[str] = []
    current = ""
    for segment, folded, listed in _segments(text, flat, cues):
        ended = not pieces.keys().isdisjoint(_ENDS)
        piece = _piece(segment, folded, current, cues, listed=listed, ended=ended)
        if piece == "label":
            rest = cues.label.sub("", folded, count=1)
            rest = _without_lead_in(segment[len(folded) - len(rest) :].lstrip(" :.-–\t"), cues)
            current = "body"
            if rest:
                body.append(rest)
            continue
        if piece in ("identity", "addressee"):
            inside, after = _split_opening(segment, folded, cues)
            pieces.setdefault(piece, []).append(inside)
            after = _without_lead_in(after, cues)
            if after:
                body.append(after)
                current = "body"
            else:
                current = piece
            continue
        if not piece:
            rest = _without_lead_in(segment, cues, folded)
            if not rest:
                pieces.setdefault("filler", []).append(segment)
                continue
            segment = rest
        if piece:
            pieces.setdefault(piece, []).append(segment)
            current = piece
        else:
            body.append(segment)
            current = "body"
    return _assemble(text, pieces, body)


_HEAD_LETTERS, _FOOT_LETTERS = 6000, 1500  # in which a letter shows that it is one
_MAX_TITLE_WORDS = 30
_MAX_NAME_WORDS = 12  # of one addressee
_MAX_SIGNATURE_WORDS = 6
_LEAD_IN_LETTERS = 240  # in which a lead-in must end
_MOST_LEAD_INS = 4  # one after the other; a bound keeps a row of colons linear
_MAX_DATE_LETTERS = 120
_LISTS = ("addressee", "distribution", "attachments")
_ENDS = ("closing", "signature", "assurance")
_BEFORE_IDENTITY = ("", "heading", "title", "addressee")


def _piece(
    segment: str, folded: str, current: str, cues: _Cues, *, listed: bool, ended: bool
) -> str:
    """Which piece of furniture a segment is, "" for content.

    `current` is the piece before it; `listed` says that a line end or a semicolon parts them,
    `ended` that the letter has come to its closing.
    """
    first = _FIRST_WORD.search(folded)
    if first is None or first.group(0) in cues.first_words:
        piece = next((name for name, cue in cues.pieces.items() if cue.match(folded)), "")
        if piece and not (piece == "title" and len(segment.split()) > _MAX_TITLE_WORDS):
            return piece
    if len(folded) <= _MAX_DATE_LETTERS and cues.date_line.match(folded):
        return "heading"
    if current in _BEFORE_IDENTITY and _names_somebody(segment, folded, cues):
        return "identity"
    if current in _LISTS and segment.lstrip()[:1] in tuple("-–+*•0123456789"):
        # A list under "Kính gửi" or "Nơi nhận" goes on as long as its lines are bare names.
        return current
    words = len(segment.split())
    if current == "addressee" and listed and words <= _MAX_NAME_WORDS:
        return current if cues.bodies.match(folded) else ""
    if ended and words <= _MAX_SIGNATURE_WORDS and segment.strip(" .").istitle():
        return "signature"
    return ""


def _names_somebody(segment: str, folded: str, cues: _Cues) -> bool:
    """Whether the writer gives a name: "Tôi là Nguyễn Thị Mẫu", unlike "Tôi là chủ cơ sở"."""
    said = cues.self_names.match(folded)
    return said is not None and " ".join(segment[said.end() :].split()[:2]).istitle()


def _without_lead_in(segment: str, cues: _Cues, folded: str | None = None) -> str:
    """A segment without the empty words that only announce what follows; "" if it has no others.

    "Tôi xin trình bày sự việc như sau: …" announces; "Trạm y tế thiếu thuốc, cụ thể như sau: …"
    speaks of the matter before it does and stays whole. `folded` saves folding it once more.
    """
    for _ in range(_MOST_LEAD_INS):
        head = (folded or fold_letters(segment[:_LEAD_IN_LETTERS]))[:_LEAD_IN_LETTERS]
        folded = None
        first = _FIRST_WORD.search(head)
        if first is None or first.group() not in cues.filler_before:
            return segment
        words = _FIRST_WORD.findall(head)
        whole = len(segment) <= _LEAD_IN_LETTERS
        if whole and len(words) > _MIN_BODY_WORDS and cues.filler.issuperset(words):
            return ""
        end = cues.lead_in.search(head)
        before = _FIRST_WORD.findall(head[: end.end()]) if end is not None else words
        if end is None or not cues.filler_before.issuperset(before):
            return segment
        segment = segment[end.end() :]
    return segment


def _segments(text: str, flat: str, cues: _Cues) -> Iterator[tuple[str, str, bool]]:
    """Lines, then sentences, then pieces that a furniture cue opens inside a sentence.

    Each as typed, folded, and whether a line end or a semicolon parts it from the one before.
    `flat` is the folded text, letter by letter.
    """
    all_small = text.islower()  # typed without any capital: the cue alone must do
    begin = 0
    for line in text.split("\n"):
        end = begin + len(line)
        listed = True
        short = len(line) <= _MAX_DATE_LETTERS
        dated = short and cues.date_line.match(flat, begin, end) is not None
        for start, stop in [(begin, end)] if dated else _sentences(text, begin, end):
            for found in cues.breaks.finditer(flat, start, stop):
                at = found.start()
                # "tôi đã gửi đơn khiếu nại …" tells a story; "… ĐƠN KHIẾU NẠI …" is a title.
                if at > start and (all_small or text[at].isupper()):
                    yield from _stripped(text, flat, start, at, listed=listed)
                    start, listed = at, False
            yield from _stripped(text, flat, start, stop, listed=listed)
            listed = text.endswith(";", start, stop)
        begin = end + 1


def _sentences(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    """First and one-past-last letter of each sentence of a line."""
    start = begin
    for gap in _SENTENCE_END.finditer(text, begin, end):
        yield start, gap.start()
        start = gap.end()
    yield start, end


def _stripped(
    text: str, flat: str, start: int, stop: int, *, listed: bool
) -> Iterator[tuple[str, str, bool]]:
    """The piece without blanks around it, unless nothing is left."""
    piece = text[start:stop].strip()
    if piece:
        start = text.index(piece, start)
        yield piece, flat[start : start + len(piece)], listed


def _split_opening(segment: str, folded: str, cues: _Cues) -> tuple[str, str]:
    """Who writes (or to whom), and the matter that follows in the same sentence.

    "Tôi tên A, ngụ ấp 5, nay phản ánh …" and "Kính gửi xã, đường vào ấp hư …" both go on.
    """
    end = cues.identity_end.search(folded)
    if end is not None:
        return segment[: end.start()], segment[end.end() :]
    at = folded.find(",")
    for _ in range(_MOST_CLAUSES):
        if at < 0:
            break
        if not cues.identity_clause.match(folded, at + 1):
            rest = segment[at + 1 :].strip()
            if len(rest.split()) > _MIN_BODY_WORDS:
                return segment[:at], rest
        at = folded.find(",", at + 1)
    return segment, ""


def _assemble(text: str, pieces: Mapping[str, list[str]], body: list[str]) -> Letter:
    cues = _cues()
    identity = " ".join(pieces.get("identity", ()))
    title = " ".join(pieces.get("title", ()))
    subject = cues.subject.search(fold_letters(title))
    # "V/v thu hồi đất": the one part of the head that speaks of the matter.
    content = "\n".join([title[subject.end() :] if subject else "", *body]).strip()
    if len(content.split()) < _MIN_BODY_WORDS:
        # Everything looked like furniture: better to read too much than to lose the message.
        return Letter(body=text)
    content = cues.cut.sub(" ", content) if len(content) > 80 else content
    number = _ID_NUMBER.search(identity)
    phone = _PHONE.search(identity)
    said = (*body, *pieces.get("filler", ()))
    demand = [s for s in said if cues.demand.match(fold_letters(s))]
    return Letter(
        body=content,
        is_letter=bool(pieces),
        title=title,
        addressees=tuple(pieces.get("addressee", ())),
        name=_after(identity, "name"),
        address=_after(identity, "address"),
        id_number=number.group(0) if number else "",
        phone=phone.group(0) if phone else "",
        demand=" ".join(demand),
        furniture=tuple(s for group in pieces.values() for s in group),
    )


@lru_cache(maxsize=2)
def _field_cue(field: str) -> re.Pattern[str]:
    phrases = read_table("furniture.toml")["fields"][field]
    return re.compile(rf"(?<!\w)(?:{_alternatives(phrases)})\W*([^,;:\n]{{2,80}})")


def _after(identity: str, field: str) -> str:
    """The value after a field's cue in the identity part, up to the next punctuation."""
    found = _field_cue(field).search(fold_letters(identity))
    return identity[found.start(1) : found.end(1)].strip(" .-–") if found else ""
