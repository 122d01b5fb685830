"""The channels' figures name their sources; their sentences exist in every language."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path

import bot
from bot.channel_data import Remedy, channel_voice, limits, zalo_errors
from bot.outbound import tries_before_giving_up
from bot.phrases import LANGUAGES, placeholders

FOLDER = Path(bot.__file__).parent


def test_every_figure_names_its_source_and_whether_it_was_confirmed() -> None:
    table = tomllib.loads((FOLDER / "channel_limits.toml").read_text("utf-8"))

    for section, figures in table.items():
        for name, entry in figures.items():
            assert set(entry) == {"value", "source", "verified"}, f"{section}.{name}"
            assert len(entry["source"]) > 5, f"{section}.{name}"


def test_every_remedy_is_used_by_some_refusal() -> None:
    assert {row.remedy for row in zalo_errors().values()} == set(Remedy)


def test_the_channels_sentences_agree_in_every_language() -> None:
    voices = [channel_voice(language) for language in LANGUAGES]

    for key, sentence in voices[0].sentences.items():
        for voice in voices[1:]:
            assert placeholders(voice.sentences[key]) == placeholders(sentence), key
    assert all(set(voice.sentences) == set(voices[0].sentences) for voice in voices)


def test_a_poisonous_row_is_parked_within_a_minute() -> None:
    figures = limits("inbox")

    assert len(figures["retry_seconds"]) == figures["tries"] - 1
    assert sum(figures["retry_seconds"]) < 60


def test_a_lease_outlasts_the_longest_call() -> None:
    for channel in ("telegram", "zalo_oa", "zalo_bot"):
        assert limits("outbox")["lease_seconds"] > 3 * limits(channel)["timeout_seconds"]
    longest = limits("media")["whole_seconds"] * limits("media")["most_files"]
    assert limits("inbox")["media_lease_seconds"] > longest


def test_giving_up_takes_hours_not_minutes() -> None:
    figures = limits("outbox")
    waits = [
        min(figures["longest_retry_seconds"], figures["first_retry_seconds"] * 2**number)
        for number in range(tries_before_giving_up() - 1)
    ]

    assert timedelta(seconds=sum(waits)) >= timedelta(hours=figures["give_up_hours"])
