"""Likely duplicates of a text among a million petitions.

    python -m benchmarks.duplicates [--petitions N] [--database URL]

Prints one line of JSON: milliseconds of the look-up a new petition costs (keys of the text and the
petitions that share most of them), for a petition with a near twin, one without, and one of a
mass of like letters; and how many of the planted twins came first. Keys of the other petitions are
drawn at random, as those of unlike texts are. The database is filled without its foreign keys and
indexes, which are built afterwards as the schema has them.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median

from sqlalchemy import text as sql

from intake.duplicates import band_keys
from intake.store import Store, Transaction
from intake.store.petitions import sharing_bands
from intake.store.tables import bands
from intake.store.upgrading import upgrade

BANDS = 16
MASS = 5_000
"""Petitions of one printed letter, told apart by names only."""
MASS_SHARED = 10
"""Keys of 16 that they have in common."""
ROUNDS = 40
TEXTS = (
    "Đường vô ấp tôi ngập cả tuần nay, xe không qua được, nhờ xã xem giúp bà con với",
    "Trường thu tiền máy lạnh và quỹ lớp đầu năm, phụ huynh không dám nói, đề nghị kiểm tra",
    "Điện lực cúp điện liên tục không báo trước làm tủ lạnh nhà tôi hư hết thịt cá",
    "Công ty nợ lương công nhân ba tháng rồi giám đốc bỏ trốn, mong cơ quan giải quyết giùm",
    "Chi nhánh đất đai hẹn trả hồ sơ sang tên từ tháng sáu đến nay vẫn chưa có kết quả gì",
)
AGAIN = " Mong sớm được trả lời."
ALONE = "Con trâu của làng bên sang ăn lúa nhà tôi suốt mùa, hòa giải hai lần vẫn như cũ"


def main() -> None:
    """Fill, look up, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--petitions", type=int, default=1_000_000)
    parser.add_argument("--database", default="")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(chosen.database or f"sqlite:///{Path(folder) / 'register.db'}")
        upgrade(store)
        started = time.perf_counter()
        mass = _fill(store, chosen.petitions)
        filled = time.perf_counter() - started
        with store.read() as tx:
            found = sum(
                sharing_bands(tx, band_keys(text + AGAIN))[:1] == [number]
                for number, text in enumerate(TEXTS, start=1)
            )
            result = {
                "database": store.url.get_backend_name(),
                "petitions": chosen.petitions,
                "filled_seconds": round(filled),
                "twins_found": f"{found}/{len(TEXTS)}",
                "twin_ms": _milliseconds(tx, [band_keys(text + AGAIN) for text in TEXTS]),
                "alone_ms": _milliseconds(tx, [band_keys(ALONE)]),
                "mass_ms": _milliseconds(tx, [mass]),
                "keys_ms": _keys(),
            }
        store.close()
    sys.stdout.write(json.dumps(result) + "\n")


def _fill(store: Store, count: int) -> tuple[int, ...]:
    """Rows of `count` petitions; returns the keys of one of the mass."""
    draw = random.Random(5)
    common = [draw.getrandbits(63) for _ in range(MASS_SHARED)]

    def rows() -> Iterator[tuple[int, int, int]]:
        number = 0
        for petition in range(1, count + 1):
            if petition <= len(TEXTS):
                keys = list(band_keys(TEXTS[petition - 1]))
            else:
                own = BANDS - MASS_SHARED if petition <= len(TEXTS) + MASS else BANDS
                keys = [draw.getrandbits(63) for _ in range(own)] + common[: BANDS - own]
            for key in keys:
                number += 1
                yield number, petition, key

    with store.write() as tx:
        for index in bands.indexes:
            index.drop(tx)
    if store.is_sqlite:
        _into_sqlite(str(store.url.database), rows())
    else:
        with store.write() as tx:
            _into_postgresql(tx, rows())
    with store.write() as tx:
        for index in bands.indexes:
            index.create(tx)
    with store.write() as tx:
        tx.execute(sql("ANALYZE"))
    return (*common, *(draw.getrandbits(63) for _ in range(BANDS - MASS_SHARED)))


_INSERT = "INSERT INTO petition_bands (id, petition_id, band) VALUES (?, ?, ?)"


def _into_sqlite(path: str, rows: Iterator[tuple[int, int, int]]) -> None:
    """By a connection of its own, which checks no foreign keys."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany(_INSERT, rows)
        connection.commit()


def _into_postgresql(tx: Transaction, rows: Iterator[tuple[int, int, int]]) -> None:
    tx.execute(sql("ALTER TABLE petition_bands DISABLE TRIGGER ALL"))
    cursor = tx.connection.cursor()
    with cursor.copy("COPY petition_bands (id, petition_id, band) FROM STDIN") as copy:  # type: ignore[attr-defined]
        for row in rows:
            copy.write_row(row)
    tx.execute(sql("ALTER TABLE petition_bands ENABLE TRIGGER ALL"))


def _milliseconds(tx: Transaction, texts: list[tuple[int, ...]]) -> dict[str, float]:
    taken = []
    for _ in range(ROUNDS):
        for keys in texts:
            started = time.perf_counter()
            sharing_bands(tx, keys)
            taken.append((time.perf_counter() - started) * 1e3)
    taken.sort()
    return {
        "p50": round(median(taken), 2),
        "p95": round(taken[int(0.95 * len(taken))], 2),
        "worst": round(taken[-1], 2),
    }


def _keys() -> float:
    taken = []
    for text in TEXTS * ROUNDS:
        started = time.perf_counter()
        band_keys(text)
        taken.append((time.perf_counter() - started) * 1e3)
    return round(median(taken), 2)


if __name__ == "__main__":
    main()
