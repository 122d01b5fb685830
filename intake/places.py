"""The gazetteer: which commune of today a citizen means by the place names in a text.

People go on writing the ward, district and province of before July 2025 ("phường 7, TP Trà Vinh").
The tables in `data/places/` lead every old unit to the communes of today. Finding the names in free
text is `place_mentions`; this module holds the tables and says which communes a text is about.
Nothing here knows agencies.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from intake.errors import DataFault, NotFound
from intake.place_mentions import Address, find_addresses
from intake.place_names import Name, NameIndex, PlaceWords, name_key, read_place_words
from intake.text import fold

DATA = Path(__file__).parent / "data" / "places"


@dataclass(frozen=True)
class Place:
    """A commune of today.

    `code` is the statistics office's five digits (an attribute: other sources differ in a few),
    `type` is `xa`, `phuong` or `dac-khu`, `province` the slug of its province, `label` the full
    name as officials write it ("Phường Nguyệt Hóa"), `valid_from` the day it got name and type.
    """

    code: str
    name: str
    type: str
    province: str
    label: str
    valid_from: date


@dataclass(frozen=True)
class OldUnit:
    """A ward, commune or district that no longer exists, and the communes of today it leads to.

    `type` ends in `-cu` (`phuong-cu`, `huyen-cu`, …); `to` holds commune codes, the main part
    first; more than one means the unit was divided. `district` is the code of its old district
    (its own code for a district), `was_province` the slug of its old province, `valid_until` its
    last day, `province` the slug of the province of today.
    """

    code: str
    name: str
    type: str
    label: str
    district: str
    province: str
    was_province: str
    to: tuple[str, ...]
    valid_until: date


@dataclass(frozen=True)
class Province:
    """A province of today (`type` is `tinh` or `thanh-pho`).

    `was` holds (slug, type, name) of each province merged into it, itself included.
    """

    code: str
    slug: str
    type: str
    name: str
    label: str
    valid_from: date
    was: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class PlaceMatch:
    """A place found in a text.

    `places`: communes of today, the likeliest first; `matched`: the words of the text (in NFC) from
    `start` to `end`; `ambiguous`: the words allow more than one commune; `old`: they name a unit of
    before the reorganisation; `level`: `commune`, `district` or `province` (then `places` is
    empty); `province`: slug of the province of today.
    """

    places: tuple[Place, ...]
    matched: str
    ambiguous: bool
    old: bool
    start: int
    end: int
    level: str
    province: str


@dataclass(frozen=True, eq=False)
class Gazetteer:
    """34 provinces, 3,321 communes, and the units of before July 2025 that lead to them.

    `load()` reads provinces and communes; old units and name indexes are built for a province when
    it is first asked for (some milliseconds each) and kept. Threads may share one: at worst two of
    them build the same index.
    """

    folder: Path
    provinces: Mapping[str, Province]
    _communes: Mapping[str, Place]
    _words: PlaceWords
    _old: dict[str, tuple[tuple[OldUnit, tuple[str, ...]], ...]] = field(default_factory=dict)
    _indexes: dict[str, NameIndex] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path = DATA, *, everything: bool = False) -> Gazetteer:
        """Read the tables in `folder`.

        Args:
            folder: holds `provinces.tsv`, `communes.tsv`, `words.toml` and `old/<province>.tsv`.
            everything: also read and check the old units of all provinces.

        Raises:
            DataFault: with file and line of the first fault.
        """
        words = read_place_words(folder / "words.toml")
        provinces = {p.slug: p for p in _read_provinces(folder / "provinces.tsv", words)}
        communes: dict[str, Place] = {}
        path = folder / "communes.tsv"
        for line, row in read_table(path, ("code", "type", "name", "province", "valid_from")):
            code, kind, name, province, since = row
            if code in communes:
                raise DataFault(file=path.name, line=line, fault=f"code {code} stands twice")
            if kind not in words.labels or province not in provinces:
                raise DataFault(file=path.name, line=line, fault="unknown type or province")
            label = f"{words.labels[kind]} {name}"
            communes[code] = Place(code, name, kind, province, label, _day(since, path, line))
        gazetteer = cls(folder, provinces, communes, words)
        if everything:
            for slug in provinces:
                gazetteer.old_units(slug)
        return gazetteer

    def type_label(self, kind: str) -> str:
        """The Vietnamese word of a type: `thi-xa` -> "Thị xã". Raises KeyError."""
        return self._words.labels[kind]

    def commune(self, code: str) -> Place:
        """The commune of today with that code. Raises NotFound."""
        try:
            return self._communes[code]
        except KeyError:
            raise NotFound(what="commune") from None

    def communes(self, province: str) -> tuple[Place, ...]:
        """All communes of today of a province (slug), by code. Raises NotFound."""
        self._known(province)
        return self._by_province.get(province, ())

    def old_units(self, province: str) -> tuple[OldUnit, ...]:
        """Old communes, then old districts, of a province of today. Raises NotFound, DataFault."""
        return tuple(unit for unit, _ in self._old_with_names(province))

    def find(self, text: str, *, province: str) -> PlaceMatch | None:
        """The place a text is about, as communes of today; None when it names none.

        Several different places, or a name that fits several, give `ambiguous=True` and all of
        them. A commune wins over a district.

        Args:
            text: free text as people write it, of any length; the time grows with the length.
            province: slug of the office's own province. A place elsewhere is found only where the
                text names its province.

        Raises:
            NotFound: no such province.
        """
        found = [match for match in self.find_all(text, province=province) if match.places]
        best = [match for match in found if match.level == "commune"] or found
        if len(best) < 2:
            return best[0] if best else None
        return _together(best)

    def find_all(self, text: str, *, province: str) -> tuple[PlaceMatch, ...]:
        """Every place mentioned, in the order of the text; provinces alone too (`places` empty).

        Raises:
            NotFound: no such province.
        """
        self._known(province)
        text = unicodedata.normalize("NFC", text)
        addresses = find_addresses(
            text, province, self._words, self._province_index, self._index, self._syllables
        )
        return tuple(self._match(text, address) for address in addresses)

    def _match(self, text: str, address: Address) -> PlaceMatch:
        return PlaceMatch(
            places=tuple(self._communes[code] for code in address.communes),
            matched=text[address.start : address.end],
            ambiguous=len(address.communes) > 1,
            old=address.old,
            start=address.start,
            end=address.end,
            level=address.level,
            province=address.province,
        )

    def _province_of(self, code: str) -> str | None:
        place = self._communes.get(code)
        return place.province if place else None

    def _known(self, province: str) -> None:
        if province not in self.provinces:
            raise NotFound(what="province")

    @cached_property
    def _syllables(self) -> frozenset[str]:
        """Folded syllables of all names of today; Vietnamese has few others."""
        typed = {word for place in self._communes.values() for word in place.name.split()}
        return frozenset(fold(word) for word in typed)

    @cached_property
    def _by_province(self) -> Mapping[str, tuple[Place, ...]]:
        table: dict[str, list[Place]] = {}
        for place in self._communes.values():
            table.setdefault(place.province, []).append(place)
        return {slug: tuple(places) for slug, places in table.items()}

    def _old_with_names(self, province: str) -> tuple[tuple[OldUnit, tuple[str, ...]], ...]:
        self._known(province)
        if province not in self._old:
            self._old[province] = tuple(self._read_old(province))
        return self._old[province]

    def _read_old(self, province: str) -> Iterator[tuple[OldUnit, tuple[str, ...]]]:
        path = self.folder / "old" / f"{province}.tsv"
        labels = self._words.labels
        rows: dict[str, list[str]] = {}
        parts: dict[str, dict[str, None]] = {}
        for line, row in read_table(path, _OLD_COLUMNS):
            was, district, district_type, _, _, code, kind, name, also, to, until = row
            codes = tuple(to.split("|"))
            if any(self._province_of(code) != province for code in codes):
                raise DataFault(file=path.name, line=line, fault="leads to an unknown commune")
            if (kind and kind not in labels) or (district_type and district_type not in labels):
                raise DataFault(file=path.name, line=line, fault="unknown type")
            last_day = _day(until, path, line)
            if district:
                rows.setdefault(district, row)
                parts.setdefault(district, {}).update(dict.fromkeys(codes))
            if kind:
                label = f"{labels[kind]} {name}"
                unit = OldUnit(
                    code, name, f"{kind}-cu", label, district, province, was, codes, last_day
                )
                yield unit, _split(also)
        for code, row in rows.items():
            was, _, kind, name, also = row[:5]
            unit = OldUnit(
                code, name, f"{kind}-cu", f"{labels[kind]} {name}", code, province, was,
                tuple(parts[code]), date.fromisoformat(row[-1]),
            )  # fmt: skip
            yield unit, _split(also)

    def _index(self, province: str) -> NameIndex:
        if province not in self._indexes:
            self._indexes[province] = NameIndex(self._names(province))
        return self._indexes[province]

    def _names(self, province: str) -> Iterator[tuple[str, Name]]:
        """Every name of the province as (key, reading): today's first, then the old ones."""
        units = self._old_with_names(province)
        districts: dict[str, set[str]] = {}
        was: dict[str, set[str]] = {}
        for unit, _ in units:
            for code in unit.to:
                was.setdefault(code, set()).add(unit.was_province)
                districts.setdefault(code, set()).add(unit.district)
        for place in self.communes(province):
            yield (
                name_key(place.name),
                Name(
                    "commune", place.type, place.code, place.name, False, (place.code,),
                    frozenset(districts.get(place.code, ())), frozenset(was.get(place.code, ())),
                ),
            )  # fmt: skip
        initials: dict[str, list[Name]] = {}
        for unit, older in units:
            kind = unit.type.removesuffix("-cu")
            name = Name(
                self._words.ranks[kind], kind, unit.code, unit.name, True, unit.to,
                frozenset({unit.district}), frozenset({unit.was_province}),
            )  # fmt: skip
            yield name_key(unit.name), name
            yield from self._older_names(name, older)
            if kind in ("thanh-pho", "thi-xa"):
                letters = "".join(word[0] for word in fold(unit.name).split())
                initials.setdefault(self._words.shorts[kind] + letters, []).append(name)
        for short, names in initials.items():
            if len(names) == 1:
                yield short, names[0]

    def _older_names(self, name: Name, older: Sequence[str]) -> Iterator[tuple[str, Name]]:
        """Names before an even earlier merger; the table holds them folded with their type."""
        for key in older:
            for kind in self._words.labels:
                word = kind.replace("-", "")
                if key.startswith(word):
                    reading = Name(
                        name.rank, kind, name.target, name.name, True, name.to,
                        name.districts, name.was,
                    )  # fmt: skip
                    yield key[len(word) :], reading
                    break

    @cached_property
    def _province_index(self) -> NameIndex:
        names: list[tuple[str, Name]] = []
        for province in self.provinces.values():
            was = [unit for unit in province.was if unit[2] != province.name]
            for slug, kind, name in [(province.slug, province.type, province.name), *was]:
                former = frozenset({slug}) if slug != province.slug else frozenset()
                reading = Name(
                    "province", kind, province.slug, name, bool(former), (), frozenset(), former
                )
                shorts = self._words.provinces.get(slug, ())
                names += [(name_key(word), reading) for word in (name, *shorts)]
        return NameIndex(names)


def _together(matches: Sequence[PlaceMatch]) -> PlaceMatch:
    """Several matches as one: the communes most mentioned first; a sure mention settles a vague."""
    sure = {match.places[0].code for match in matches if not match.ambiguous}
    if len(sure) == 1:
        (code,) = sure
        if all(any(place.code == code for place in match.places) for match in matches):
            return next(match for match in matches if not match.ambiguous)
    weight: Counter[str] = Counter()
    places: dict[str, Place] = {}
    for match in matches:
        for place in match.places:
            places[place.code] = place
            weight[place.code] += 1000 // len(match.places)
    first = matches[0]
    ordered = sorted(places, key=lambda code: -weight[code])
    return PlaceMatch(
        places=tuple(places[code] for code in ordered),
        matched=first.matched,
        ambiguous=len(ordered) > 1,
        old=any(match.old for match in matches),
        start=first.start,
        end=first.end,
        level=first.level,
        province=first.province,
    )


_OLD_COLUMNS = (
    "was_province", "district_code", "district_type", "district", "district_also",
    "code", "type", "name", "also", "to", "valid_until",
)  # fmt: skip


def _read_provinces(path: Path, words: PlaceWords) -> Iterator[Province]:
    for line, row in read_table(path, ("code", "slug", "type", "name", "valid_from", "was")):
        code, slug, kind, name, since, was = row
        old = [tuple(part.split(":")) for part in was.split("|")]
        if kind not in words.labels or any(len(part) != 3 for part in old):
            raise DataFault(file=path.name, line=line, fault="unknown type or broken old names")
        yield Province(
            code, slug, kind, name, f"{words.labels[kind]} {name}", _day(since, path, line),
            tuple((s, t, n) for s, t, n in old),
        )  # fmt: skip


def read_table(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """(line number, fields) of a tab-separated file whose first line without `#` names `columns`.

    Raises:
        DataFault: missing file, other columns, or a line with another number of fields.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataFault(file=path.name, line=0, fault="the file cannot be read") from error
    header = False
    for number, line in enumerate(lines, 1):
        if not line or line[0] == "#":
            continue
        fields = line.split("\t")
        if not header:
            if fields != list(columns):
                raise DataFault(file=path.name, line=number, fault="other columns than expected")
            header = True
        elif len(fields) != len(columns):
            raise DataFault(file=path.name, line=number, fault="wrong number of fields")
        else:
            yield number, fields


def _split(cell: str) -> tuple[str, ...]:
    return tuple(cell.split("|")) if cell else ()


def _day(text: str, path: Path, line: int) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise DataFault(file=path.name, line=line, fault=f"no ISO date: {text}") from error
