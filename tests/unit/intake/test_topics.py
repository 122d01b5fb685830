"""The tables hold: every class has topics and names, phrases are found whole and by their marks."""

from __future__ import annotations

from collections import Counter

import pytest

from intake.topics import LONGEST_PHRASE, lexicon


def found(text):
    words = lexicon()
    return {hit.phrase.text for hit in words.find(words.reader.read(text)) if hit.weight > 1.0}


def test_every_class_is_first_choice_of_a_topic_and_rich_in_phrases():
    words = lexicon()
    phrases = Counter(
        words.topics[p.target].classes[0] for p in words.phrases if p.group == "topic"
    )
    assert set(phrases) == set(words.classes)
    assert min(phrases.values()) >= 80


def test_every_class_has_a_label_a_citizen_can_choose():
    assert all(c.label and len(c.label) < 70 for c in lexicon().classes.values())


def test_a_phrase_is_found_with_and_without_marks():
    assert "cúp điện" in found("nhà tôi cúp điện hoài")
    assert "cúp điện" in found("nha toi cup dien hoai")


@pytest.mark.parametrize(
    ("text", "absent"),
    [("mở cửa", "mồ"), ("chưa có điện", "chùa"), ("cho tôi hỏi", "chợ"), ("bên do tôi", "bến đò")],
)
def test_marks_that_differ_make_another_word(text, absent):
    assert absent not in found(text)


def test_phrases_longer_than_the_search_are_few():
    long = [p for p in lexicon().phrases if p.folded.count(" ") >= LONGEST_PHRASE]
    assert len(long) < len(lexicon().phrases) / 20
