"""The rows of a province's directory: common templates, the province's own table, the customer's.

A province is a folder: `province.toml` and `agencies.csv`. What every province has stands once in
`data/provinces/_common/`, with one template row for all communes or all old districts. This module
makes plain rows of text out of them, each knowing the file and line it came from; `directory` turns
them into agencies and checks them.
"""

from __future__ import annotations

import csv
import hashlib
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from intake.errors import DataFault
from intake.places import Gazetteer, OldUnit
from intake.text import fold

PROVINCES = Path(__file__).parent / "data" / "provinces"
COMMON = PROVINCES / "_common"
COLUMNS = (
    "code", "class", "level", "name", "short_name", "aliases", "place", "serves", "superior",
    "competent", "main", "valid_from", "valid_until", "successors", "verified", "source", "note",
    "address", "phone",
)  # fmt: skip
"""Columns of `agencies.csv` and of the customer's overlay."""
NATIONAL = "tw-"
"""Codes that begin so stand for the whole country and get no province prefix."""
NOTHING = "-"
"""In a correcting row: the cell is emptied (an empty cell keeps the common value)."""

_TEMPLATE = (
    "code", "class", "level", "name", "short_name", "aliases", "superior", "competent", "main",
    "valid_from", "verified", "source", "note",
)  # fmt: skip
_OLD_TEMPLATE = (
    "code", "class", "level", "name", "short_name", "aliases", "superior", "successors",
    "competent", "valid_until", "verified", "source", "note",
)  # fmt: skip
_OLD_PROVINCE_TEMPLATE = (*_OLD_TEMPLATE[:9], "merged", *_OLD_TEMPLATE[9:])


@dataclass(frozen=True)
class Row:
    """One agency as text by column, and where it stands."""

    values: Mapping[str, str]
    file: str
    line: int

    def fault(self, what: str) -> DataFault:
        """A DataFault at this row."""
        return DataFault(file=self.file, line=self.line, fault=what)


@dataclass(frozen=True)
class ReceptionPlace:
    """Where citizens are received in person; an empty address is not confirmed."""

    name: str
    agency: str
    address: str
    verified: bool


@dataclass(frozen=True)
class Emergency:
    """A number that comes before any petition."""

    key: str
    number: str
    name: str
    verified: bool


@dataclass(frozen=True)
class Province:
    """The office's own province.

    `name` "Vĩnh Long", `unit` "tỉnh Vĩnh Long", `prefix` begins petition references, `code_prefix`
    agency codes; `reception_centres` are agency codes, the provincial one first; `old` the slugs of
    the provinces merged into it; `local_rules` what the province may set for itself (a missing key
    is not set); `hotline` None where nobody confirmed one.
    """

    slug: str
    name: str
    unit: str
    prefix: str
    code_prefix: str
    old: tuple[str, ...]
    reception_centres: tuple[str, ...]
    reception_places: tuple[ReceptionPlace, ...]
    emergencies: tuple[Emergency, ...]
    local_rules: Mapping[str, Any]
    hotline: str | None

    def code(self, short: str) -> str:
        """An agency code of this province: `so-y-te` -> `vlg-so-y-te`; national ones stay."""
        return short if short.startswith(NATIONAL) else f"{self.code_prefix}-{short}"


def province_folder(province: str | Path) -> Path:
    """The folder of a shipped province by slug, or the folder given. Raises DataFault."""
    folder = province if isinstance(province, Path) else PROVINCES / province
    if not (folder / "province.toml").is_file() and Path(province).is_dir():
        folder = Path(province)
    if not (folder / "province.toml").is_file():
        raise DataFault(file="province.toml", line=0, fault=f"no province folder {province}")
    return folder


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file. Raises DataFault with the line the parser names."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DataFault(file=path.name, line=0, fault="the file cannot be read") from error
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        at = int(line.group(1)) if line else 0
        raise DataFault(file=path.name, line=at, fault=str(error)) from error


def read_csv(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Rows of a comma-separated file with these columns; lines beginning with `#` are remarks.

    Raises:
        DataFault: unreadable, other columns, a row too long or too short, a code twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataFault(file=path.name, line=0, fault="the file cannot be read") from error
    yield from parse_csv(text, path.name, columns)


def parse_csv(text: str, name: str, columns: Sequence[str]) -> Iterator[Row]:
    """Like `read_csv`, from text."""
    lines = ("" if line.startswith("#") else line for line in text.splitlines(keepends=True))
    reader = csv.reader(lines, strict=True)
    header = False
    seen: set[str] = set()
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                if cells != list(columns):
                    raise DataFault(file=name, line=reader.line_num, fault="other columns")
                header = True
                continue
            if len(cells) != len(columns):
                fault = f"{len(cells)} cells instead of {len(columns)}"
                raise DataFault(file=name, line=reader.line_num, fault=fault)
            row = Row(
                {c: v.strip() for c, v in zip(columns, cells, strict=True)}, name, reader.line_num
            )
            if row.values["code"] in seen:
                raise row.fault(f"code {row.values['code']} stands twice")
            seen.add(row.values["code"])
            yield row
    except csv.Error as error:
        raise DataFault(file=name, line=reader.line_num, fault=str(error)) from error


def read_province(folder: Path, gazetteer: Gazetteer) -> Province:
    """`province.toml` with the emergency numbers of `_common`. Raises DataFault."""
    raw = read_toml(folder / "province.toml")
    try:
        place = gazetteer.provinces[raw["slug"]]
        prefix = raw["code_prefix"]
        code = f"{prefix}-{{}}".format
        return Province(
            slug=place.slug,
            name=place.name,
            unit=place.label[0].lower() + place.label[1:],
            prefix=raw["reference_prefix"],
            code_prefix=prefix,
            old=tuple(slug for slug, _, _ in place.was),
            reception_centres=tuple(code(short) for short in raw["reception_centres"]),
            reception_places=tuple(
                ReceptionPlace(p["name"], code(p["agency"]), p["address"], p["verified"])
                for p in raw.get("reception_places", ())
            ),
            emergencies=tuple(
                Emergency(e["key"], e["number"], e["name"], e["verified"])
                for e in read_toml(COMMON / "emergency.toml")["emergency"]
            ),
            local_rules=dict(raw.get("local_rules", {})),
            hotline=raw.get("hotline") or None,
        )
    except KeyError as error:
        raise DataFault(
            file="province.toml", line=0, fault=f"missing or unknown: {error}"
        ) from error


def province_rows(folder: Path, province: Province, gazetteer: Gazetteer) -> dict[str, Row]:
    """All rows of a province by code: templates first, then the province's own corrections.

    Raises:
        DataFault: with file and line.
    """
    rows: dict[str, Row] = {}
    without = {entry["code"] for entry in read_toml(folder / "province.toml").get("without", ())}
    for row in _templates(province, gazetteer):
        if row.values["code"] not in without:
            code = province.code(row.values["code"])
            if code in rows:
                raise row.fault(f"code {code} stands twice")
            rows[code] = _with_codes(row, province)
    for row in read_csv(folder / "agencies.csv", COLUMNS):
        merge(rows, _with_codes(row, province))
    return rows


def merge(rows: dict[str, Row], row: Row) -> None:
    """Put a correcting row over the row of the same code: an empty cell keeps, `-` empties."""
    code = row.values["code"]
    before = rows[code].values if code in rows else {}
    values = {c: row.values.get(c, "") or before.get(c, "") for c in COLUMNS}
    rows[code] = Row({c: "" if v == NOTHING else v for c, v in values.items()}, row.file, row.line)


def fingerprint(paths: Sequence[Path]) -> str:
    """Twelve hex digits over the content of these files; the same files give the same digits."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def _with_codes(row: Row, province: Province) -> Row:
    values = dict(row.values)
    for column in ("code", "superior", "successors"):
        codes = [part for part in values.get(column, "").split("|") if part]
        values[column] = "|".join(c if c == NOTHING else province.code(c) for c in codes)
    return Row(values, row.file, row.line)


def _templates(province: Province, gazetteer: Gazetteer) -> Iterator[Row]:
    names = {"unit": province.unit, "name": province.name}
    for row in read_csv(COMMON / "agencies.csv", _TEMPLATE):
        yield _filled(row, names)
    communes = _commune_names(province, gazetteer)
    for row in read_csv(COMMON / "commune_agencies.csv", _TEMPLATE):
        for code, words in communes.items():
            yield _filled(row, {**names, **words}, place=code)
    yield from _old_province_rows(province, gazetteer)
    units = gazetteer.old_units(province.slug)
    districts = _district_names(province, gazetteer, units)
    for row in read_csv(COMMON / "old_district_agencies.csv", _OLD_TEMPLATE):
        for unit in units:
            if unit.code == unit.district:
                yield _old_row(row, {**names, **districts[unit.code]}, unit.to, communes)
    for row in read_csv(COMMON / "old_commune_agencies.csv", _OLD_TEMPLATE):
        yield from _old_commune_rows(row, names, units, districts, communes)


def _filled(row: Row, words: Mapping[str, str], **more: str) -> Row:
    try:
        values = {column: text.format_map(words) for column, text in row.values.items()}
    except (KeyError, ValueError, IndexError) as error:
        raise row.fault(f"unknown placeholder {error}") from error
    values.update(more)
    return Row(values, row.file, row.line)


def _commune_names(province: Province, gazetteer: Gazetteer) -> dict[str, dict[str, str]]:
    """Words for the templates by commune code; a name used twice gets the code added."""
    places = gazetteer.communes(province.slug)
    slugs = Counter(f"{place.type}-{slug(place.name)}" for place in places)
    words = {}
    for place in places:
        short = f"{place.type}-{slug(place.name)}"
        code = short if slugs[short] == 1 else f"{short}-{place.code}"
        label = place.label.removesuffix(place.name).strip().lower()
        words[place.code] = {"code": code, "type": label, "place": place.name}
    return words


def _district_names(
    province: Province, gazetteer: Gazetteer, units: Sequence[OldUnit]
) -> dict[str, dict[str, str]]:
    was = {s: (t, n) for s, t, n in gazetteer.provinces[province.slug].was}
    districts = [unit for unit in units if unit.code == unit.district]
    slugs = Counter(f"{unit.type}-{slug(unit.name)}" for unit in districts)
    words = {"": {"code": "", "district": ""}}
    for unit in districts:
        short = f"{unit.type}-{slug(unit.name)}"
        kind, name = was[unit.was_province]
        words[unit.code] = {
            "code": short.replace("-cu-", "-") if slugs[short] == 1 else (
                f"{short.replace('-cu-', '-')}-{unit.was_province}"
            ),
            "district": unit.label[0].lower() + unit.label[1:],
            "old_unit": _unit(gazetteer, kind, name),
        }  # fmt: skip
    return words


def _unit(gazetteer: Gazetteer, kind: str, name: str) -> str:
    return f"{gazetteer.type_label(kind).lower()} {name}"


def _old_commune_rows(
    row: Row,
    names: Mapping[str, str],
    units: Sequence[OldUnit],
    districts: Mapping[str, Mapping[str, str]],
    communes: Mapping[str, Mapping[str, str]],
) -> Iterator[Row]:
    old = [unit for unit in units if unit.code != unit.district]
    shorts = [
        f"{unit.type.removesuffix('-cu')}-{slug(unit.name)}-{districts[unit.district]['code']}"
        for unit in old
    ]
    twice = {short for short, times in Counter(shorts).items() if times > 1}
    for unit, short in zip(old, shorts, strict=True):
        # Two communes of a district may differ in their tone marks only (Đông Thành, Đông Thạnh).
        plain = short.strip("-") if short not in twice and unit.district else None
        words = {
            **names, **districts[unit.district],
            "code": plain or f"{short.strip('-')}-{unit.code}",
            "type": unit.label.removesuffix(unit.name).strip().lower(),
            "place": unit.name,
        }  # fmt: skip
        filled = _old_row(row, words, unit.to, communes)
        values = {column: text.removesuffix(", ") for column, text in filled.values.items()}
        yield Row({**values, "valid_until": unit.valid_until.isoformat()}, row.file, row.line)


def _old_row(
    row: Row,
    words: Mapping[str, str],
    to: Sequence[str],
    communes: Mapping[str, Mapping[str, str]],
) -> Row:
    """A row for a unit that is gone; "ubnd" and "cong-an" become those of its communes."""
    filled = _filled(row, words, main="no")
    kind = filled.values["successors"]
    if kind in ("ubnd", "cong-an"):
        codes = "|".join(f"{kind}-{communes[code]['code']}" for code in to)
        return Row({**filled.values, "successors": codes}, row.file, row.line)
    return filled


def _old_province_rows(province: Province, gazetteer: Gazetteer) -> Iterator[Row]:
    merged = len(province.old) > 1
    rows = list(read_csv(COMMON / "old_province_agencies.csv", _OLD_PROVINCE_TEMPLATE))
    for row in rows:
        if row.values["merged"] == "yes" and not merged:
            continue
        for old, kind, name in gazetteer.provinces[province.slug].was:
            words = {"code": old, "old": name, "old_unit": _unit(gazetteer, kind, name)}
            filled = _filled(row, words, main="no")
            own = f"{old}-" if merged else ""
            successors = filled.values["successors"].replace("cu:", own)
            yield Row({**filled.values, "successors": successors}, row.file, row.line)


def slug(name: str) -> str:
    """'Bà Rịa - Vũng Tàu' -> 'ba-ria-vung-tau'."""
    return "-".join(re.findall(r"[a-z0-9]+", fold(name)))


def parse_day(text: str, row: Row, column: str) -> date | None:
    """A cell holding an ISO date or nothing. Raises DataFault at the row."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise row.fault(f"{column}: no ISO date: {text}") from error
