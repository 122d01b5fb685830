"""Getting through a dialogue whatever the router happens to ask, for tests about something else."""

from __future__ import annotations

from collections.abc import Callable, Sequence

STORY = "duong vao ap 5 xa long huu hu nang qua, xe khong qua duoc"
# What to say to each question on the way to the summary.
ANSWERS = {
    "ask.route": "để cán bộ chọn giúp",
    "ask.place": "bỏ qua",
    "ask.place_needed": "bỏ qua",
    "ask.which_place": "1",
    "ask.duplicate": "đây là việc khác",
    "item.phone_or_email": "thu@example.vn",
}
_MOST_QUESTIONS = 6


def to_summary(say: Callable[[str], Sequence[str]], story: str = STORY) -> int:
    """Tell a story and answer until the summary is shown; returns how many messages it took.

    `say` gives the topics of the answer.
    """
    topics = say(story)
    for count in range(1, _MOST_QUESTIONS):
        if topics[-1] == "summary.all":
            return count
        topics = say(ANSWERS[topics[-1]])
    raise AssertionError(topics)
