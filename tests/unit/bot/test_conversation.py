"""The dialogue's machine alone: state and message in, state, replies and effects out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation import advance, conclude
from bot.dialogue.grasp import OFFICER_DECIDES
from bot.dialogue.state import Draft, State, dump_state, load_state
from bot.dialogue.steps import (
    Add,
    Added,
    CallPerson,
    Effect,
    File,
    Filed,
    Forget,
    Found,
    LookUp,
    Outcome,
    Refused,
    Step,
    Withdraw,
    Withdrawn,
)
from bot.dialogue.words import picked
from bot.messages import LONGEST_AUTHORED, Choice
from intake.errors import InvalidInput, LawRefuses, NotFound, TooMany, WrongStatus
from intake.petition import PetitionKind
from intake.status import PetitionStatus
from tests.unit.bot.known import AGENCIES, OWN, Known

STORY = "Đường vào ấp hư nặng, xe không qua được"


def talk(known: Known, *texts: str, state: State | None = None) -> Step:
    """The last step of a few messages; effects on the way are not carried out."""
    step = Step(state or State(), ())
    for text in texts:
        step = advance(step.state, text, (), known)
    return step


def topics(step: Step) -> list[str]:
    return [reply.topic for reply in step.replies]


def test_a_story_with_everything_in_it_is_summed_up_at_once() -> None:
    assert topics(talk(Known(), STORY)) == ["summary.all"]


def test_nothing_is_filed_before_the_citizen_says_so() -> None:
    for text in ("9", "hmm", "không", "?"):
        assert talk(Known(), STORY, text).effects == ()


def test_confirming_files_what_was_shown() -> None:
    step = talk(Known(), STORY, "gửi đơn")

    (effect,) = step.effects
    assert isinstance(effect, File)
    assert effect.submission.text == STORY
    assert effect.submission.agency == "works"
    assert effect.submission.commune == "1"
    assert effect.submission.anonymous


def test_a_denunciation_carries_no_identity_whatever_was_typed() -> None:
    step = talk(
        Known(), STORY, "sửa tên: Lê Thử, 0900000001", "sửa loại", "3", "2", "bỏ qua", "bỏ qua", "1"
    )

    (effect,) = step.effects
    assert isinstance(effect, File)
    assert effect.submission.kind is PetitionKind.TC
    assert effect.submission.petitioners == ()


def test_a_denunciation_is_warned_of_before_anything_else_is_asked() -> None:
    step = talk(Known(kind="TC"), STORY)

    assert topics(step) == ["denunciation.warning"]
    assert not step.effects


@pytest.mark.parametrize("answer", ["tôi sẽ đến trực tiếp", "thôi, xóa giúp tôi", "hủy"])
def test_a_denunciation_given_up_is_forgotten_with_its_files(answer: str) -> None:
    first = advance(State(), STORY, ("file-1",), Known(kind="TC"))

    step = advance(first.state, answer, (), Known(kind="TC"))

    assert step.effects == (Forget(2, ("file-1",)),)
    assert step.state.draft is None


@dataclass(frozen=True)
class Accusing(Known):
    """Knows one agency that every accusation is about."""

    def accused_agencies(self, words: tuple[str, ...], commune: str) -> tuple[str, ...]:
        return ("works",)


KEPT_AS_ONE = (STORY, "chỉ là một việc", "quay lại")  # the kind is left open


def test_a_mixed_petition_is_warned_of_like_a_denunciation() -> None:
    step = talk(Known(kind="MIXED"), *KEPT_AS_ONE)

    assert topics(step) == ["denunciation.warning_mixed"]
    assert not step.effects


def test_a_mixed_petition_carries_no_identity_and_hides_from_the_accused() -> None:
    told = f"{STORY}. Tôi tên Lê Thị Thử, điện thoại 0900000001"
    asked = talk(Accusing(kind="MIXED"), told, *KEPT_AS_ONE[1:], "2")
    assert "0900000001" not in asked.replies[-1].text.partition(told)[2]
    assert "contact" not in [choice.value for choice in asked.state.offered]
    refused = talk(Accusing(kind="MIXED"), "sửa tên: Lê Thử", state=asked.state)
    assert topics(refused)[0] == "denunciation.no_identity"

    (effect,) = talk(Accusing(kind="MIXED"), "1", state=asked.state).effects
    assert isinstance(effect, File)
    assert effect.submission.kind is PetitionKind.MIXED
    assert (effect.submission.petitioners, effect.submission.anonymous) == ((), True)
    assert effect.submission.accused == ("works",)


@pytest.mark.parametrize("answers", [(), KEPT_AS_ONE[1:], (*KEPT_AS_ONE[1:], "2")])
def test_a_mixed_petition_given_up_is_forgotten_with_its_files(answers: tuple[str, ...]) -> None:
    known = Known(kind="MIXED")
    first = advance(State(), STORY, ("file-1",), known)

    step = talk(known, *answers, "hủy", state=first.state)

    assert step.effects == (Forget(2 + len(answers), ("file-1",)),)
    assert step.state.draft is None


def test_danger_comes_first_and_the_petition_goes_on() -> None:
    step = talk(Known(urgent="114"), STORY)

    assert topics(step) == ["emergency.all", "summary.all"]
    assert step.replies[0].text.index("114") < step.replies[0].text.index("113")


def test_an_unsure_route_asks_and_takes_the_answer() -> None:
    known = Known(sure=False, asks_route=True)

    asked = talk(known, STORY)
    step = talk(known, "2", state=asked.state)

    assert topics(asked)[-1] == "ask.route"
    assert len(asked.replies[-1].choices) == 3
    assert topics(step) == ["summary.all"]
    assert step.state.draft is not None
    assert step.state.draft.route_answer == "school"


def test_whoever_can_not_tell_leaves_the_route_to_an_officer() -> None:
    known = Known(sure=False, asks_route=True)

    step = talk(known, STORY, "để cán bộ chọn giúp", "gửi")

    (effect,) = step.effects
    assert isinstance(effect, File)
    assert effect.submission.agency is None


def test_the_question_for_the_agency_takes_the_name_of_a_body() -> None:
    step = talk(Known(sure=False, asks_route=True), STORY, "sở thử học")

    assert step.state.draft is not None
    assert step.state.draft.agency == "school"


def test_the_question_for_the_agency_takes_more_of_the_story_and_is_not_asked_again() -> None:
    step = talk(Known(sure=False, asks_route=True), STORY, "đường này trước cổng trường của cháu")

    assert topics(step) == ["summary.appended", "summary.officer_chooses", "summary.all"]
    assert step.state.draft is not None
    assert step.state.draft.text.endswith("trước cổng trường của cháu")
    assert step.state.draft.agency == OFFICER_DECIDES


def test_two_unclear_answers_to_the_question_for_the_agency_leave_it_to_an_officer() -> None:
    known = Known(sure=False, asks_route=True)

    first = talk(known, STORY, "hả")
    second = talk(known, "ờ", state=first.state)

    assert topics(first) == ["misread.choice"]
    assert topics(second) == ["summary.officer_chooses", "summary.all"]


def test_a_body_unknown_twice_when_correcting_the_agency_leaves_it_to_an_officer() -> None:
    first = talk(Known(), STORY, "sửa nơi nhận", "cơ quan mặt trăng")
    second = talk(Known(), "cơ quan sao hỏa", state=first.state)

    assert topics(first) == ["bad.agency"]
    assert topics(second) == ["summary.officer_chooses", "summary.all"]


def test_a_body_that_only_guides_is_named_and_gets_nothing() -> None:
    step = talk(Known(agency_code="court"), STORY)

    assert topics(step) == ["guide.elsewhere"]
    assert talk(Known(agency_code="court"), "1", state=step.state).effects == ()


def test_a_matter_of_the_courts_is_guided() -> None:
    assert topics(talk(Known(kind="OTHER", intent="court"), STORY)) == ["guide.court"]


def test_the_machine_decides_the_same_for_the_same_input() -> None:
    assert talk(Known(), STORY, "sửa nơi") == talk(Known(), STORY, "sửa nơi")


def test_a_digit_counts_only_where_choices_were_offered() -> None:
    known = Known(kind="KN")
    at_name = talk(known, "khiếu nại", STORY, "bỏ qua", "bỏ qua", "bỏ qua")
    assert topics(at_name) == ["item.name"]

    assert topics(talk(known, "1", state=at_name.state)) == ["bad.name"]


@pytest.mark.parametrize("typed", ["1", "Gửi đơn", "gui don", "GUI DON", "gửi", "Gui.", "guid"])
def test_a_choice_is_taken_by_number_label_or_clear_start(typed: str) -> None:
    filed = bool(talk(Known(), STORY, typed).effects)

    assert filed is (typed != "guid")


@pytest.mark.parametrize("value", ["commune:29551", "agency:vlg-so-xay-dung", "go_on", "to:V-1"])
def test_a_button_that_carries_its_value_is_a_choice(value: str) -> None:
    assert picked((Choice("skip", "Bỏ qua"), Choice(value, "Nhãn nút")), value) == value


def test_someone_elses_petition_needs_its_secret_and_the_secret_is_not_kept() -> None:
    step = talk(Known(), "THU-2611-BBBBBB", "9F3K-72QD-MZ0A")

    assert step.effects == (LookUp("THU-2611-BBBBBB", "9F3K-72QD-MZ0A"),)
    assert step.stored_text is not None
    assert "9F3K" not in step.stored_text


def test_a_wrong_secret_and_an_unknown_number_read_alike() -> None:
    asked = talk(Known(), "THU-2611-BBBBBB", "9F3K-72QD-MZ0A")
    effect = asked.effects[0]

    answers = {
        conclude(asked.state, effect, Refused(NotFound(what=what)), Known()).replies
        for what in ("petition", "anything")
    }

    assert len(answers) == 1


def test_an_own_petition_needs_no_code() -> None:
    assert topics(talk(Known(own=(OWN,)), "tra cứu")) == ["status.all"]


def test_a_petition_that_is_over_offers_nothing_that_is_impossible() -> None:
    over = replace(OWN, status=PetitionStatus.WITHDRAWN)

    step = talk(Known(own=(over,)), "tra cứu")

    assert {choice.value for choice in step.replies[0].choices} == {"new"}
    assert topics(talk(Known(own=(over,)), "rút đơn")) == ["own.none_withdraw"]


def test_calling_a_person_is_an_effect_and_loses_nothing() -> None:
    step = talk(Known(), STORY, "gặp cán bộ")

    assert step.effects == (CallPerson(),)
    assert topics(step) == ["talk.person", "summary.all"]
    assert talk(Known(), "gửi", state=step.state).effects


# ---- the state ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "stored",
    [
        None, "", "{", "[]", "null", "7", '{"version": 0}', '{"version": 1}',
        '{"version": 1, "language": "xx"}', '{"version": 1, "draft": {"text": 7}}', "\x00",
    ],
)  # fmt: skip
def test_an_unreadable_state_is_a_fresh_start(stored: str | None) -> None:
    assert load_state(stored) == State()


def test_a_state_of_another_shape_is_a_fresh_start() -> None:
    dumped = dump_state(State(asked="summary", draft=Draft(text=STORY)))

    assert load_state(dumped.replace('"asked": "summary"', '"asked": ["summary"]')) == State()
    assert load_state(dumped.replace('"text": ', '"words": ')) == State()


names = st.text(max_size=12)


@given(
    st.builds(
        State,
        language=st.sampled_from(["vi", "en"]),
        asked=names,
        offered=st.lists(st.builds(Choice, names, names), max_size=3).map(tuple),
        draft=st.none()
        | st.builds(
            Draft, text=names, kind=names, answers=st.dictionaries(names, names, max_size=2),
            attachments=st.lists(names, max_size=2).map(tuple), messages=st.integers(0, 99),
        ),
        subject=names,
        proven=st.lists(names, max_size=2).map(tuple),
        later=st.lists(names, max_size=2).map(tuple),
        greeted=st.booleans(),
        misread=st.integers(0, 9),
    )
)  # fmt: skip
def test_any_state_survives_being_stored(state: State) -> None:
    assert load_state(dump_state(state)) == state


# ---- whatever people type -------------------------------------------------------------------

TYPED = st.one_of(
    st.sampled_from(
        [
            STORY, "1", "2", "3", "9", "gửi", "không", "hủy", "quay lại", "menu", "bỏ qua", "sửa",
            "sửa nơi", "sửa loại", "sửa cơ quan", "sửa tên", "sửa nội dung", "sửa nơi: xã Thử",
            "khiếu nại", "tố cáo", "phản ánh", "tra cứu", "bổ sung", "rút đơn", "gặp cán bộ",
            "English", "tiếng Việt", "THU-2611-AAAAAA", "THU-2611-BBBBBB 9F3K-72QD-MZ0A",
            "9F3K-72QD-MZ0A", "15/10/2026", "31/02/2026", "Lê Thử", "0900000001", "Sở Thử",
            f"{STORY}. Ngoài ra tôi tố cáo ông trưởng ấp ăn chặn tiền", "lịch tiếp dân", "xin chào",
            "My road is broken and there is no water in the house", "你好", "😀", "", "\x00\u202e",
        ]
    ),
    st.text(max_size=40),
)  # fmt: skip


def outcome_of(effect: Effect, roll: int) -> Outcome | None:
    refusals = (
        NotFound(what="petition"), TooMany(retry_after=90), WrongStatus(action="add", status="x"),
        InvalidInput(field="text", reason="empty"),
        LawRefuses(label="Không được", citation="Luật Thử", verified=False),
    )  # fmt: skip
    if isinstance(effect, CallPerson | Forget):
        return None
    if roll % 3 == 0:
        return Refused(refusals[roll % len(refusals)])
    match effect:
        case File():
            return Filed(
                "THU-2611-CCCCCC", "9F3K-72QD-MZ0A", effect.submission.kind, AGENCIES["works"], "",
                None, effect.time_bar, message_only=roll % 2 == 0, address="",
            )  # fmt: skip
        case Add():
            return Added(effect.reference, len(effect.attachments))
        case Withdraw():
            return Withdrawn(effect.reference)
        case LookUp():
            return Found(replace(OWN, reference=effect.reference))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(TYPED, st.booleans(), st.integers(0, 30)), min_size=1, max_size=14),
    st.sampled_from(
        [
            Known(varied=True),
            Known(varied=True, own=(OWN,)),
            Known(varied=True, own=(replace(OWN, status=PetitionStatus.AWAITING_INFORMATION),)),
            Known(varied=True, sure=False, asks_route=True, communes=()),
            Known(varied=True, communes=(("1", "Xã Thử"), ("2", "Phường Thử"))),
            Known(varied=True, own=(OWN,), like=OWN.reference),
            Known(varied=True, agency_code="court"),
        ]
    ),
)
def test_no_sequence_of_messages_breaks_the_dialogue(
    messages: list[tuple[str, bool, int]], known: Known
) -> None:
    state = State()
    for text, with_file, roll in messages:
        step = advance(state, text, (f"file-{roll}",) if with_file else (), known)
        replies, state = list(step.replies), step.state
        for effect in step.effects:
            outcome = outcome_of(effect, roll)
            if outcome is not None:
                following = conclude(state, effect, outcome, known)
                replies, state = [*replies, *following.replies], following.state
                assert not following.effects
        assert replies
        for reply in replies:
            assert reply.text
            assert len(reply.text) <= LONGEST_AUTHORED
            assert all(choice.label for choice in reply.choices)
        # Whatever was said last offers what can be picked next, and nothing else does.
        assert list(state.offered) == list(replies[-1].choices)
        assert load_state(dump_state(state)) == state
