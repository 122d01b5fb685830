"""The agency directory: who exists on which day, under which names, below whom, and who took over.

Rows are never deleted. A closed body keeps its names, and they lead to its successors, so that a
petition to "Sở Giao thông Trà Vinh" reaches today's body. The directory only proposes a recipient;
an officer confirms. Nothing here reads petition text for meaning (`routing` does).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from intake.directory_names import NameSearch, NameWords, read_name_words
from intake.directory_rows import (
    COLUMNS,
    COMMON,
    Province,
    Row,
    fingerprint,
    merge,
    parse_day,
    province_folder,
    province_rows,
    read_csv,
    read_province,
    read_toml,
)
from intake.errors import DataFault, UnknownAgency
from intake.places import Gazetteer

LEVELS = ("province", "commune", "vertical", "enterprise", "court", "party")
SIDES = {"court": "court", "party": "party", "enterprise": "enterprise"}
"""Levels outside the administration, by level; the others are `administration`."""
ALWAYS = date.min
"""`valid_from` of a body whose first day nobody recorded."""
DAYS_KEPT = 8
"""Days for which the list of bodies is kept ready."""

_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


@dataclass(frozen=True)
class AgencyClass:
    """One of the 27 classes: what a body of the class is for, in words a citizen understands.

    `fallback` takes over where a province has no such body, `emergency` is the key of a number.
    """

    id: str
    name: str
    level: str
    description: str
    competent: bool
    fallback: str | None
    emergency: str | None


@dataclass(frozen=True)
class Agency:
    """A body for as long as its row holds.

    `level`: `province`, `commune`, `vertical` (central bodies in the province), `enterprise`,
    `court` (procuracy and enforcement too) or `party`. `place` is the commune code of a commune's
    body, `serves` the commune codes a regional body is for (empty: all). `competent` False: people
    are guided there, nothing is forwarded. `main` marks the body that stands for its class.
    `valid_from` and `valid_until` are included; `successors` are codes. `verified` False must be
    shown to officers, with `note`. `address` and `phone` are None where nobody confirmed them.
    """

    code: str
    agency_class: str
    level: str
    name: str
    short_name: str
    aliases: tuple[str, ...]
    place: str | None
    serves: tuple[str, ...]
    superior: str | None
    competent: bool
    main: bool
    valid_from: date
    valid_until: date | None
    successors: tuple[str, ...]
    verified: bool
    source: str
    note: str
    address: str | None
    phone: str | None

    @property
    def side(self) -> str:
        """`administration`, `court`, `party` or `enterprise`: whose rules a petition follows."""
        return SIDES.get(self.level, "administration")

    def holds_on(self, day: date) -> bool:
        """Whether the body exists on that day."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


@dataclass(frozen=True)
class NameMatch:
    """An agency of the day, the name that led to it (perhaps a predecessor's), 0–100."""

    agency: Agency
    alias: str
    score: float


@dataclass(frozen=True)
class _Day:
    agencies: tuple[Agency, ...]
    by_class: Mapping[str, tuple[Agency, ...]]
    by_place: Mapping[tuple[str, str], Agency]


@dataclass(frozen=True, eq=False)
class Directory:
    """All bodies of one province, of today and of before. Immutable; threads may share it.

    `version` changes with the content of any file it was read from.
    """

    province: Province
    classes: Mapping[str, AgencyClass]
    version: str
    rows: Mapping[str, Row]
    _agencies: Mapping[str, Agency]
    _name_words: NameWords
    _days: dict[date, _Day] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        province: str | Path,
        *,
        overlay: Path | None = None,
        gazetteer: Gazetteer | None = None,
    ) -> Directory:
        """Read and check a province.

        Args:
            province: slug of a shipped province, or a folder with `province.toml` and
                `agencies.csv`.
            overlay: folder of the customer's own `<province>.csv`, merged over the shipped rows;
                a missing folder or file means none.
            gazetteer: read already; otherwise it is loaded.

        Raises:
            DataFault: with file and line: unknown class, level, superior or successor, a circle, a
                code twice, dates reversed, a closed body without successor, two main bodies.
        """
        folder = province_folder(province)
        gazetteer = gazetteer or Gazetteer.load()
        home = read_province(folder, gazetteer)
        rows = province_rows(folder, home, gazetteer)
        own = overlay / f"{home.slug}.csv" if overlay else None
        files = [*sorted(COMMON.iterdir()), *sorted(folder.iterdir())]
        files += [gazetteer.folder / "communes.tsv", gazetteer.folder / "old" / f"{home.slug}.tsv"]
        if own is not None and own.is_file():
            files.append(own)
            for row in read_csv(own, COLUMNS):
                merge(rows, row)
        return cls.build(home, rows, gazetteer, version=f"{home.slug}-{fingerprint(files)}")

    @classmethod
    def build(
        cls, province: Province, rows: Mapping[str, Row], gazetteer: Gazetteer, *, version: str
    ) -> Directory:
        """A directory from rows by code. Raises DataFault as `load` does."""
        classes = read_classes(COMMON / "classes.toml")
        sources = read_toml(COMMON / "sources.toml")
        served = _ServedPlaces(province, gazetteer)
        agencies = {code: _agency(row, classes, sources, served) for code, row in rows.items()}
        _check_links(agencies, rows)
        for code in province.reception_centres:
            if code not in agencies:
                fault = f"reception centre {code} is no agency"
                raise DataFault(file="province.toml", line=0, fault=fault)
        words = read_name_words(COMMON / "names.toml")
        return cls(province, classes, version, dict(rows), agencies, words)

    def codes(self) -> tuple[str, ...]:
        """Every code, of today and of before."""
        return tuple(self._agencies)

    def get(self, code: str) -> Agency:
        """The agency with that code, closed or not. Raises UnknownAgency."""
        try:
            return self._agencies[code]
        except KeyError:
            raise UnknownAgency(agency=code) from None

    def get_on(self, code: str, day: date) -> Agency:
        """The agency with that code, existing on that day. Raises UnknownAgency."""
        agency = self.get(code)
        if not agency.holds_on(day):
            raise UnknownAgency(agency=code)
        return agency

    def on(self, day: date) -> Sequence[Agency]:
        """The bodies that exist on that day."""
        return self._on(day).agencies

    def of_class(self, agency_class: str, day: date, commune: str | None) -> Agency | None:
        """The body of a class on a day, for a commune where the class has one per commune.

        Args:
            agency_class: one of the 27 ids. Where the province has no body of it, the class's
                fallback answers.
            day: local date.
            commune: commune code, or None when the place is unknown.

        Returns:
            None when the class is the commune's and the commune unknown, or nobody is responsible.
        """
        found = self._of_class(agency_class, self._on(day), commune)
        known = self.classes.get(agency_class)
        if found is None and known is not None and known.fallback:
            return self.of_class(known.fallback, day, commune)
        return found

    def current(self, code: str, day: date) -> tuple[Agency, ...]:
        """The body itself where it exists on the day, else those that took over, in their order.

        Raises:
            UnknownAgency: no such code.
        """
        found: dict[str, Agency] = {}
        seen = {code}
        waiting = [self.get(code)]
        while waiting:
            agency = waiting.pop(0)
            if agency.holds_on(day):
                found[agency.code] = agency
            elif agency.valid_until is not None and agency.valid_until < day:
                fresh = [c for c in agency.successors if c not in seen]
                seen.update(fresh)
                waiting[:0] = [self._agencies[c] for c in fresh]
        return tuple(found.values())

    def by_name(self, text: str, day: date, limit: int = 5) -> list[NameMatch]:
        """Agencies of the day whose name, short form or predecessor's name stands in the text.

        Args:
            text: a name or free text holding one; tone marks, typos and abbreviations as people
                write them.
            day: local date.
            limit: how many, best first. A name whose body was split gives all its successors.
        """
        best: dict[str, NameMatch] = {}
        search, names = self._names
        for hit in search.find(text, max(4 * limit, 20)):
            code, alias = names[hit.name]
            for agency in self.current(code, day):
                known = best.get(agency.code)
                if known is None or hit.score > known.score:
                    best[agency.code] = NameMatch(agency, alias, round(hit.score, 1))
        return sorted(best.values(), key=lambda match: -match.score)[:limit]

    def superior_code(self, code: str) -> str | None:
        """Code of the body above, whatever the day; None at the top or for an unknown code."""
        agency = self._agencies.get(code)
        return agency.superior if agency else None

    def superior_of(self, code: str, day: date) -> Agency | None:
        """The body above on that day (its successor where it closed). Raises UnknownAgency.

        A complaint of the second instance and a denunciation of the body's head go there:
        commune to the provincial committee, department likewise, commune police to the provincial.
        """
        superior = self.get(code).superior
        if superior is None:
            return None
        above = self.current(superior, day)
        return above[0] if above else None

    def moves(self, day: date) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """(closed code, codes that took over) for every body closed before that day."""
        closed = (a for a in self._agencies.values() if a.valid_until and a.valid_until < day)
        return tuple((a.code, tuple(b.code for b in self.current(a.code, day))) for a in closed)

    def _on(self, day: date) -> _Day:
        known = self._days.get(day)
        if known is not None:
            return known
        agencies = tuple(agency for agency in self._agencies.values() if agency.holds_on(day))
        by_class: dict[str, list[Agency]] = {}
        by_place: dict[tuple[str, str], Agency] = {}
        for agency in agencies:
            if agency.place is None:
                by_class.setdefault(agency.agency_class, []).append(agency)
            elif agency.main:
                by_place[agency.agency_class, agency.place] = agency
        found = _Day(agencies, {c: tuple(rows) for c, rows in by_class.items()}, by_place)
        if len(self._days) >= DAYS_KEPT:
            self._days.clear()
        self._days[day] = found
        return found

    def _of_class(self, agency_class: str, day: _Day, commune: str | None) -> Agency | None:
        wide = day.by_class.get(agency_class, ())
        if commune is not None:
            here = day.by_place.get((agency_class, commune))
            if here is not None:
                return here
            for agency in wide:
                if commune in agency.serves:
                    return agency
        return next((agency for agency in wide if agency.main), None)

    @cached_property
    def _names(self) -> tuple[NameSearch, list[tuple[str, str]]]:
        names = [
            (agency.code, name)
            for agency in self._agencies.values()
            for name in dict.fromkeys((agency.name, agency.short_name, *agency.aliases))
            if name
        ]
        return NameSearch([name for _, name in names], self._name_words), names


def read_classes(path: Path) -> dict[str, AgencyClass]:
    """The classes by id. Raises DataFault."""
    classes: dict[str, AgencyClass] = {}
    try:
        for entry in read_toml(path)["class"]:
            if entry["id"] in classes or entry["level"] not in LEVELS:
                fault = f"class {entry['id']} stands twice or has an unknown level"
                raise DataFault(file=path.name, line=0, fault=fault)
            classes[entry["id"]] = AgencyClass(
                entry["id"], entry["name"], entry["level"], entry["description"],
                entry.get("competent", True), entry.get("fallback"), entry.get("emergency"),
            )  # fmt: skip
    except KeyError as error:
        raise DataFault(file=path.name, line=0, fault=f"missing: {error}") from error
    unknown = {c.fallback for c in classes.values() if c.fallback} - set(classes)
    if unknown:
        raise DataFault(file=path.name, line=0, fault=f"unknown fallback {min(unknown)}")
    return classes


@dataclass(frozen=True)
class _ServedPlaces:
    """Reads `place` and `serves`: commune codes, or `was:tra-vinh` for all of an old province."""

    province: Province
    gazetteer: Gazetteer

    @cached_property
    def codes(self) -> frozenset[str]:
        return frozenset(place.code for place in self.gazetteer.communes(self.province.slug))

    def read(self, row: Row, column: str) -> tuple[str, ...]:
        codes: list[str] = []
        for part in _parts(row, column):
            if part.startswith("was:"):
                old = part.removeprefix("was:")
                if old not in self.province.old:
                    raise row.fault(f"{column}: no old province {old}")
                units = self.gazetteer.old_units(self.province.slug)
                codes += [c for unit in units if unit.was_province == old for c in unit.to]
            elif part in self.codes:
                codes.append(part)
            else:
                raise row.fault(f"{column}: no commune {part}")
        return tuple(dict.fromkeys(codes))


def _parts(row: Row, column: str) -> tuple[str, ...]:
    cell = row.values.get(column, "")
    return tuple(part.strip() for part in cell.split("|") if part.strip())


def _flag(row: Row, column: str, *, default: bool) -> bool:
    cell = row.values.get(column, "")
    if cell not in ("", "yes", "no"):
        raise row.fault(f"{column}: yes or no, not {cell}")
    return default if cell == "" else cell == "yes"


def _agency(
    row: Row, classes: Mapping[str, AgencyClass], sources: Mapping[str, str], served: _ServedPlaces
) -> Agency:
    values = row.values
    code, agency_class = values["code"], values.get("class", "")
    if not _CODE.match(code):
        raise row.fault(f"code: small letters, digits and hyphens, not {code}")
    if agency_class not in classes:
        raise row.fault(f"class: unknown {agency_class or 'nothing'}")
    if values.get("level") not in LEVELS:
        raise row.fault(f"level: unknown {values.get('level') or 'nothing'}")
    if not values.get("name"):
        raise row.fault("name: missing")
    start = parse_day(values.get("valid_from", ""), row, "valid_from") or ALWAYS
    end = parse_day(values.get("valid_until", ""), row, "valid_until")
    if end is not None and end < start:
        raise row.fault("valid_until: before valid_from")
    places = served.read(row, "place")
    if len(places) > 1:
        raise row.fault("place: one commune; several go to serves")
    successors = _parts(row, "successors")
    if end is not None and not successors:
        raise row.fault("successors: a body that closes needs one")
    source = values.get("source", "")
    return Agency(
        code=code,
        agency_class=agency_class,
        level=values["level"],
        name=values["name"],
        short_name=values.get("short_name") or values["name"],
        aliases=_parts(row, "aliases"),
        place=places[0] if places else None,
        serves=served.read(row, "serves"),
        superior=values.get("superior") or None,
        competent=_flag(row, "competent", default=classes[agency_class].competent),
        main=_flag(row, "main", default=False),
        valid_from=start,
        valid_until=end,
        successors=successors,
        verified=_flag(row, "verified", default=False),
        source=str(sources.get(source, source)),
        note=values.get("note", ""),
        address=values.get("address") or None,
        phone=values.get("phone") or None,
    )


def _check_links(agencies: Mapping[str, Agency], rows: Mapping[str, Row]) -> None:
    """Superiors and successors exist and never lead in a circle; one main body a class and place.

    Raises:
        DataFault: at the row that is wrong.
    """
    mains: dict[tuple[str, str | None], Agency] = {}
    for code, agency in agencies.items():
        row = rows[code]
        if agency.superior is not None and agency.superior not in agencies:
            raise row.fault(f"superior: no agency {agency.superior}")
        for successor in agency.successors:
            after = agencies.get(successor)
            if after is None:
                raise row.fault(f"successors: no agency {successor}")
            if agency.valid_until and after.valid_until and after.valid_until < agency.valid_until:
                raise row.fault(f"successors: {successor} closed before {code}")
        if agency.main and agency.valid_until is None:
            other = mains.setdefault((agency.agency_class, agency.place), agency)
            if other is not agency:
                raise row.fault(f"main: {other.code} is the main body already")
    for code in agencies:
        if _in_circle(code, lambda c: [s] if (s := agencies[c].superior) else []):
            raise rows[code].fault("superior: leads in a circle")
        if _in_circle(code, lambda c: agencies[c].successors):
            raise rows[code].fault("successors: lead in a circle")


def _in_circle(code: str, following: Callable[[str], Iterable[str]]) -> bool:
    seen: set[str] = set()
    waiting = list(following(code))
    while waiting:
        at = waiting.pop()
        if at == code:
            return True
        if at not in seen:
            seen.add(at)
            waiting.extend(following(at))
    return False
