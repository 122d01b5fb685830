"""Makes the tables of this folder from the package `vietnamadminunits` 1.0.4 (MIT).

Run by hand when a new edition is wanted, never at run time:
`python derive.py PACKAGE_DATA_FOLDER [OUT]`, where the folder is the `data` folder of the unpacked
package. Needs the standard library only. What is changed on the way, and why, is in README.md.
"""

from __future__ import annotations

import json
import math
import sqlite3
import sys
import unicodedata
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

TYPES = {
    "Tỉnh": "tinh",
    "Thành phố": "thanh-pho",
    "Xã": "xa",
    "Phường": "phuong",
    "Đặc khu": "dac-khu",
    "Thị trấn": "thi-tran",
    "Huyện": "huyen",
    "Quận": "quan",
    "Thị xã": "thi-xa",
}
ALIAS_TYPES = ("thitran", "thixa", "thanhpho", "phuong", "huyen", "quan", "xa")
SINCE = "2025-07-01"
HOMONYM_KM = 18.0
"""A part of a divided commune lies next to it; a candidate farther away than this, and ..."""
HOMONYM_TIMES = 2.5
"""... this many times farther than the nearest one, belongs to another commune of that name."""

HEAD = (
    "# Derived from vietnamadminunits 1.0.4 (MIT, (c) 2025 Tran Ngoc Minh Hieu) by derive.py;"
    " see README.md.\n"
)


def slug(name: str) -> str:
    """ASCII with hyphens: 'Bà Rịa - Vũng Tàu' -> 'ba-ria-vung-tau'."""
    bare = unicodedata.normalize("NFD", name.lower().replace("đ", "d"))
    letters = "".join(c if c.isalnum() else " " for c in bare if not unicodedata.combining(c))
    return "-".join(letters.split())


def split_type(full: str) -> tuple[str, str]:
    """'Thị trấn Cầu Kè' -> ('thi-tran', 'Cầu Kè')."""
    for word, code in TYPES.items():
        if full.lower().startswith(word.lower() + " "):
            return code, unicodedata.normalize("NFC", full[len(word) + 1 :].strip())
    raise SystemExit(f"unknown type: {full}")


def older_names(raw: str | None) -> list[str]:
    """Names before an earlier merger, as the package keeps them: folded, with type, no spaces."""
    if not raw:
        return []
    keys = [k for k in json.loads(raw) if k.isascii() and k.startswith(ALIAS_TYPES)]
    return sorted({k for k in keys if not k.startswith(("phuong0", "quan0"))})


def kilometres(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Distance of two (latitude, longitude) points; flat, which is enough within a province."""
    return math.hypot((a[0] - b[0]) * 111, (a[1] - b[1]) * 111 * math.cos(math.radians(a[0])))


def write(path: Path, header: list[str], rows: list[list[str]]) -> None:
    """One table: source line, header, rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(row) for row in [header, *rows]]
    path.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


def read_changes(path: Path) -> dict[str, list[str]]:
    """Rows of `changes.tsv` by code."""
    lines = [ln for ln in path.read_text(encoding="utf-8").splitlines() if not ln.startswith("#")]
    return {row[1]: row for row in (line.split("\t") for line in lines[1:])}


def main(package: Path, out: Path) -> None:
    """Read the package's data folder, write the tables below `out`, say what was dropped."""
    database = sqlite3.connect(package / "dataset.db")
    database.row_factory = sqlite3.Row
    mapping = json.loads((package / "converter_2025.json").read_text(encoding="utf-8"))
    changes = read_changes(Path(__file__).with_name("changes.tsv"))

    today = {(r["provinceKey"], r["wardKey"]): r for r in database.execute(
        "select * from admin_units")}  # fmt: skip
    old = {f"{r['provinceKey']}_{r['districtKey']}_{r['wardKey'] or ''}": r
           for r in database.execute("select * from admin_units_legacy")}  # fmt: skip

    old_names: dict[str, list[str]] = {}
    for row in old.values():
        kind, name = split_type(row["province"])
        old_names[row["provinceKey"]] = [kind, name, row["provinceCode"]]

    provinces: dict[str, list[str]] = {}
    for row in today.values():
        kind, name = split_type(row["province"])
        code = row["provinceCode"]
        since = SINCE
        if code in changes:
            since, kind = changes[code][0], changes[code][4]
        merged = mapping["DICT_PROVINCE"][row["provinceKey"]]
        was = [f"{slug(n)}:{k}:{n}" for k, n, _ in (old_names[key] for key in sorted(merged))]
        provinces[row["provinceKey"]] = [code, slug(name), kind, name, since, "|".join(was)]

    communes = []
    for (province, _), row in today.items():
        kind, name = split_type(row["ward"])
        code, since = row["wardCode"], SINCE
        if code in changes:
            since, kind = changes[code][0], changes[code][4]
        communes.append([code, kind, name, provinces[province][1], since])
    communes.sort(key=lambda c: (c[3], c[0]))

    leads_to: dict[str, list[str]] = {}
    province_of_old: dict[str, str] = {}
    for province, wards in mapping["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for ward, sources in wards.items():
            for source in sources:
                leads_to[source] = [today[province, ward]["wardCode"]]
                province_of_old[source] = province
    for province, wards in mapping["DICT_PROVINCE_WARD_DIVIDED"].items():
        for source in wards:
            province_of_old[source] = province
    homonyms: dict[tuple[str, str], int] = defaultdict(int)
    for key, province in province_of_old.items():
        homonyms[province, key.rsplit("_", 1)[1]] += 1

    dropped = []
    for province, wards in mapping["DICT_PROVINCE_WARD_DIVIDED"].items():
        for source, parts in wards.items():
            row = old[source]
            here = (row["wardLat"], row["wardLon"])
            far = {
                p["newWardKey"]: kilometres(here, (p["newWardLat"], p["newWardLon"])) for p in parts
            }
            nearest = min(far.values())
            kept = []
            for part in sorted(parts, key=lambda p: (not p["isDefaultNewWard"], p["newWardKey"])):
                key = part["newWardKey"]
                stray = far[key] >= HOMONYM_KM and far[key] >= HOMONYM_TIMES * nearest
                if stray and homonyms[province, source.rsplit("_", 1)[1]] > 1:
                    dropped.append((source, key, round(far[key])))
                else:
                    kept.append(today[province, key]["wardCode"])
            leads_to[source] = kept

    tables: dict[str, list[list[str]]] = defaultdict(list)
    for source, codes in leads_to.items():
        row = old[source]
        province = province_of_old[source]
        district_type, district = split_type(row["district"])
        ward_type, ward = split_type(row["ward"]) if row["ward"] else ("", "")
        tables[provinces[province][1]].append([
            slug(old_names[row["provinceKey"]][1]), row["districtCode"], district_type, district,
            "|".join(older_names(row["districtAlias"])), row["wardCode"] or "", ward_type, ward,
            "|".join(older_names(row["wardAlias"])), "|".join(codes), "2025-06-30",
        ])  # fmt: skip
    for code, _, name, province_slug, _ in communes:
        if code in changes:
            last = date.fromisoformat(changes[code][0]) - timedelta(days=1)
            tables[province_slug].append([
                province_slug, "", "", "", "", code, changes[code][3], name, "", code,
                last.isoformat(),
            ])  # fmt: skip

    write(out / "provinces.tsv", ["code", "slug", "type", "name", "valid_from", "was"],
          sorted(provinces.values()))  # fmt: skip
    write(out / "communes.tsv", ["code", "type", "name", "province", "valid_from"], communes)
    points = [[r["wardCode"], f"{r['wardLat']:.3f}", f"{r['wardLon']:.3f}"] for r in today.values()]
    write(out / "points.tsv", ["code", "latitude", "longitude"], sorted(points))
    for name, rows in tables.items():
        write(out / "old" / f"{name}.tsv",
              ["was_province", "district_code", "district_type", "district", "district_also",
               "code", "type", "name", "also", "to", "valid_until"],
              sorted(rows, key=lambda r: (r[0], r[1], r[5])))  # fmt: skip

    whole = sum(len(codes) == 1 for codes in leads_to.values())
    sys.stdout.write(
        f"{len(provinces)} provinces, {len(communes)} communes, {len(leads_to)} old units:"
        f" {whole} whole, {len(leads_to) - whole} divided; {len(dropped)} stray parts dropped\n"
    )
    for source, key, distance in dropped:
        sys.stdout.write(f"  {source} -> {key}: {distance} km away, same name elsewhere\n")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    here = Path(__file__).parent
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else here)
