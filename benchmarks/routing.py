"""Choosing the agency: short texts, letters, growth with the directory, start and memory.

    python -m benchmarks.routing

Prints one line of JSON. Beside the router, in the same run and on the same names: rapidfuzz
`extractOne` (WRatio, token_set_ratio) and plain BM25 over all agency names. All figures are medians
of best-of-several, in microseconds unless said otherwise; compare them with each other, not across
machines.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from statistics import median

from rapidfuzz import fuzz, process

from intake.directory import Directory
from intake.directory_rows import Row
from intake.places import Gazetteer
from intake.routing import Router
from intake.text import fold, fold_words

TODAY = date(2026, 11, 21)
SHORT = (
    "ba con ap toi can mo tuyen xe buyt ra thanh pho, nho so giao thong xem giup",
    "Nhà tôi bị cúp điện hoài mà không báo trước, tủ lạnh hư hết thịt cá.",
    "Trường thu quỹ lớp với tiền máy lạnh đầu năm, phụ huynh không dám nói.",
    "hẻm phường 7 TP Trà Vinh cứ mưa là ngập, cống nghẹt mấy tháng nay",
    "tien dien thang nay tang gap ba, cong to chay nhanh, nho kiem tra",
    "Công ty nợ bảo hiểm xã hội nên tôi không chốt sổ được để lãnh thất nghiệp.",
    "Toi to cao can bo dia chinh xa nhan 25 trieu noi lo lam so do ma khong lam",
    "Tòa hoãn phiên xử năm lần rồi, mong đưa vụ án ra xét xử sớm.",
)
SENTENCE = (
    "Gia đình tôi canh tác ổn định thửa đất này từ năm 1990 nhưng khi Nhà nước thu hồi để làm "
    "đường thì phương án bồi thường áp giá quá thấp, cây trồng và nhà cửa không được kiểm đếm, "
    "chúng tôi đã nhiều lần gửi đơn mà chưa được trả lời. "
)
SIZES = (400, 4_000, 40_000)
ROUNDS = 25


def main() -> None:
    """Measure and print."""
    gazetteer = Gazetteer.load()
    directory = Directory.load("vinh-long", gazetteer=gazetteer)
    router = Router(directory, gazetteer)
    letter = _letter(3_000)
    growth = {}
    beside: dict[str, float] = {}
    for size in SIZES:
        grown = _grown(directory, gazetteer, size)
        many = Router(grown, gazetteer)
        growth[size] = round(_microseconds(lambda text, r=many: r.route(text, on=TODAY), SHORT))
        if size == 4_000:
            names = [agency.name for agency in grown.on(TODAY)]
            beside = _beside(names)
            long_text = _microseconds(lambda text, r=many: r.route(text, on=TODAY), (letter,))
    result = {
        "short_us": round(_microseconds(lambda text: router.route(text, on=TODAY), SHORT)),
        "letter_3000_us_at_4000": round(long_text),
        "by_agencies_us": growth,
        "growth_400_to_40000": round(growth[40_000] / growth[400], 2),
        "beside_us_at_4000": beside,
        **_fresh_process(),
    }
    sys.stdout.write(json.dumps(result) + "\n")


def _microseconds(work: Callable[[str], object], texts: Sequence[str]) -> float:
    """Median over the texts of the best of several runs each."""
    best = []
    for text in texts:
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            work(text)
            times.append(time.perf_counter() - start)
        best.append(min(times))
    return median(best) * 1e6


def _letter(length: int) -> str:
    head = (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc\nĐƠN KHIẾU NẠI\n"
        "Kính gửi: Ủy ban nhân dân tỉnh; Sở Công Thương; Công an tỉnh.\n"
        "Tôi tên là: Nguyễn Văn Thí Dụ, sinh năm 1970, ngụ ấp 5, phường Nguyệt Hóa.\nNội dung: "
    )
    body = SENTENCE * (length // len(SENTENCE) + 1)
    return (head + body)[: length - 60] + "\nTôi xin cam đoan đúng sự thật.\nNgười làm đơn"


def _grown(directory: Directory, gazetteer: Gazetteer, size: int) -> Directory:
    """The same province with as many bodies as asked for, or fewer where it has too many.

    The added ones are numbered copies of its own rows, all classes and places in turn.
    """
    today = [agency.code for agency in directory.on(TODAY)]
    rows = {code: directory.rows[code] for code in directory.rows if code not in today}
    for number in range(size):
        spare = directory.rows[today[number % len(today)]]
        if number < len(today):
            rows[today[number]] = spare
            continue
        code = f"{today[number % len(today)]}-{number}"
        values = {**spare.values, "code": code, "main": "no", "successors": ""}
        values["name"] = f"{spare.values['name']} {number}"
        rows[code] = Row(values, spare.file, spare.line)
    needed = {row.values.get("superior", "") for row in rows.values()} | {
        code for row in rows.values() for code in row.values.get("successors", "").split("|")
    }
    rows.update({code: directory.rows[code] for code in needed - set(rows) if code})
    return Directory.build(directory.province, rows, gazetteer, version="bench")


def _beside(names: Sequence[str]) -> dict[str, float]:
    folded = [fold(name) for name in names]
    ranker = _Bm25(folded)
    return {
        "rapidfuzz_wratio": round(
            _microseconds(
                lambda t: process.extractOne(fold(t), folded, scorer=fuzz.WRatio), SHORT[:2]
            )
        ),
        "rapidfuzz_token_set_ratio": round(
            _microseconds(
                lambda t: process.extractOne(fold(t), folded, scorer=fuzz.token_set_ratio),
                SHORT[:2],
            )
        ),
        "bm25": round(_microseconds(ranker.best, SHORT)),
    }


class _Bm25:
    """Plain BM25 over runs of one to three folded syllables, as measured by the project's brief."""

    def __init__(self, names: Sequence[str]) -> None:
        documents = [Counter(_runs(name)) for name in names]
        length = sum(map(len, documents)) / len(documents)
        frequency = Counter(run for document in documents for run in document)
        self._postings: dict[str, list[tuple[int, float]]] = {}
        for index, document in enumerate(documents):
            for run, count in document.items():
                rarity = math.log(1 + (len(names) - frequency[run] + 0.5) / (frequency[run] + 0.5))
                norm = count + 1.2 * (0.25 + 0.75 * len(document) / length)
                self._postings.setdefault(run, []).append((index, rarity * count * 2.2 / norm))

    def best(self, text: str) -> int:
        scores: dict[int, float] = {}
        for run in _runs(text):
            for index, weight in self._postings.get(run, ()):
                scores[index] = scores.get(index, 0.0) + weight
        return max(scores, key=scores.__getitem__, default=-1)


def _runs(text: str) -> list[str]:
    words = fold_words(text)
    return [" ".join(words[i : i + n]) for n in (1, 2, 3) for i in range(len(words) - n + 1)]


_PROBE = """
import json, sys, time
from pathlib import Path
from intake import classification, routing
from intake.topics import lexicon
from intake.routing_versions import current_model

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

before, start = resident(), time.perf_counter()
lexicon()
for aspect in ("classes", "kinds", "intents"):
    current_model(aspect)
ready = round(time.perf_counter() - start, 3)
memory = round((resident() - before) / 2**20, 1)
sys.stdout.write(json.dumps({"ready_seconds": ready, "memory_mib": memory}))
"""


def _fresh_process() -> dict[str, float]:
    """Seconds until tables and models are ready, and what they hold, in a process of their own."""
    run = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(run.stdout)
    return answer


if __name__ == "__main__":
    main()
