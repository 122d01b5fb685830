"""Finding agencies by name and places in texts: start, memory, growth, against rapidfuzz alone.

    python -m benchmarks.directory

Prints one line of JSON. Names are those of real provinces, made from the shipped templates; all
figures of a line come from one run, so compare them with each other, not across machines.
"""

from __future__ import annotations

import json
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from statistics import median

from rapidfuzz import fuzz, process

from intake.directory import Directory
from intake.directory_names import NameSearch, read_name_words
from intake.directory_rows import COLUMNS, COMMON
from intake.places import Gazetteer

TODAY = date(2026, 11, 21)
SHORT = (
    "nhờ sở gtvt trà vinh xem giúp tuyến xe buýt",
    "UBND xã Tân Phú không trả lời đơn của tôi",
    "cong an huyen cau ke giu xe qua lau",
    "phòng tnmt huyện châu thành đo đất sai",
    "duong o phuong 7 tp tra vinh hu het roi",
)
LETTER = "Gia đình tôi sinh sống và canh tác ổn định tại địa phương từ nhiều năm nay. " * 40
SIZES = (400, 4_000, 40_000)


def main() -> None:
    """Measure and print."""
    tracemalloc.start()
    gazetteer = Gazetteer.load(everything=True)
    directory = Directory.load("vinh-long", gazetteer=gazetteer)
    directory.by_name("so y te", TODAY)
    for province in gazetteer.provinces:
        gazetteer.find("xã Tân Phú", province=province)
    memory = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    started = time.perf_counter()
    fresh = Gazetteer.load()
    opened = Directory.load("vinh-long", gazetteer=fresh)
    opened.by_name(SHORT[0], TODAY)
    fresh.find(SHORT[0], province="vinh-long")
    ready = time.perf_counter() - started

    names = _names(gazetteer)
    growth = {}
    for size in SIZES:
        search = NameSearch(names[:: max(1, len(names) // size)][:size], read_name_words(_WORDS))
        growth[size] = round(_microseconds(lambda text, s=search: s.find(text, 5), SHORT, 40))
    letter = [f"{LETTER[: len(LETTER) // 2]} {text}. {LETTER}"[:3_000] for text in SHORT]
    some = names[: SIZES[1]]
    print(
        json.dumps({
            "ready_ms": round(ready * 1000),
            "whole_country_mb": round(memory / 2**20, 1),
            "by_name_us": round(_microseconds(lambda t: directory.by_name(t, TODAY), SHORT, 40)),
            "by_name_letter_us": round(
                _microseconds(lambda t: directory.by_name(t, TODAY), letter, 8)
            ),
            "place_us": round(
                _microseconds(lambda t: gazetteer.find(t, province="vinh-long"), SHORT, 40)
            ),
            "place_letter_us": round(
                _microseconds(lambda t: gazetteer.find(t, province="vinh-long"), letter, 8)
            ),
            "growth_us": growth,
            "rapidfuzz_4000_us": {
                scorer.__name__: round(
                    _microseconds(
                        lambda t, s=scorer: process.extractOne(t, some, scorer=s), SHORT, 1
                    )
                )
                for scorer in (fuzz.WRatio, fuzz.token_set_ratio)
            },
        })
    )  # fmt: skip


_WORDS = COMMON / "names.toml"


def _names(gazetteer: Gazetteer) -> list[str]:
    """Names of all bodies of all 34 provinces, from the common templates."""
    names: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for slug in gazetteer.provinces:
            home = Path(folder) / slug
            home.mkdir()
            (home / "agencies.csv").write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
            (home / "province.toml").write_text(
                f'slug = "{slug}"\ncode_prefix = "x"\nreference_prefix = "X"\n'
                'reception_centres = ["ban-tiep-cong-dan"]\n',
                encoding="utf-8",
            )
            directory = Directory.load(home, gazetteer=gazetteer)
            names += [directory.get(code).name for code in directory.codes()]
    return names


def _microseconds(call: Callable[[str], object], texts: Sequence[str], times: int) -> float:
    """Median time of one call."""
    taken = []
    for _ in range(times):
        for text in texts:
            started = time.perf_counter()
            call(text)
            taken.append(time.perf_counter() - started)
    return median(taken) * 1e6


if __name__ == "__main__":
    main()
