"""Making a petition: ask what is missing, show what was understood, correct it, hand it over.

`proceed` looks at a draft and asks the first open question; `take` reads the answer to the open
question and proceeds. Which questions there are follows from the draft alone, so a correction is
nothing but a question opened again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from bot.dialogue.grasp import (
    OFFICER_DECIDES,
    Grasp,
    fill_from_text,
    grasp,
    next_item,
    petitioners_of,
)
from bot.dialogue.knowledge import Knowledge
from bot.dialogue.matters import Matter, matters_in
from bot.dialogue.state import Draft, State
from bot.dialogue.steps import File, Forget, Step
from bot.dialogue.words import (
    announced_kind,
    day_in,
    edit_of,
    email_in,
    is_command,
    phone_in,
    picked,
    words,
)
from bot.messages import Choice, OutgoingMessage
from bot.phrases import Voice, legal_source
from intake.actions.filing import LONGEST_TEXT
from intake.petition import PetitionKind, Source, Submission
from intake.place_points import point_in

_SHOWN_TEXT = 500
_SHOWN_LINE = 160
_FEWEST_WORDS = 3
_OLDEST_DECISION = date(1990, 1, 1)
_LONGEST_ANSWER = 2_000
_LONGEST_PLACE = 300
_LONGEST_BARE_NAME = 4
_LONGEST_BODY_WORDS = 8  # of an answer that names a body and tells nothing else
_LONGEST_PLACE_WORDS = 14
_LONGEST_CONTACT_WORDS = 8  # a full name and a number written in groups
_KINDS_TO_CHOOSE = (PetitionKind.KNPA, PetitionKind.KN, PetitionKind.TC)
# Lines of the summary that "sửa" opens again, by the question that fills them.
_LINES = ("text", "place", "agency", "kind", "contact")

Lead = tuple[OutgoingMessage, ...]


def begin(
    state: State, text: str, known: Knowledge, voice: Voice, *, kind: str = "", lead: Lead = ()
) -> Step:
    """Start a petition from what the citizen wrote ("" when the story is still to come)."""
    kind = kind or announced_kind(text)
    announced = bool(kind) and bool(announced_kind(text) or not text)
    draft = Draft(
        text="" if announced else text, kind=kind, attachments=state.attachments, messages=1
    )
    fresh = state.idle(greeted=True)
    if draft.text:
        draft = fill_from_text(draft, grasp(draft, known).kind)
        lead = (*lead, *_understood(draft, known, voice))
    return proceed(replace(fresh, draft=draft), known, voice, lead=lead)


def begin_unsorted(state: State, text: str, known: Knowledge, voice: Voice) -> Step:
    """Start a petition whose kind and agency an officer will settle."""
    draft = Draft(
        text=text,
        kind=str(PetitionKind.KNPA),
        agency=OFFICER_DECIDES,
        attachments=state.attachments,
        messages=1,
    )
    fresh = replace(state.idle(greeted=True), draft=draft)
    return _ask(fresh, "place", voice.message("ask.place", choices=[voice.choice("skip")]), ())


def begin_at(state: State, place: str, voice: Voice) -> Step:
    """Start a petition from a shared place: what is the matter there?"""
    draft = Draft(place_text=place, attachments=state.attachments, messages=1)
    fresh = replace(state.idle(greeted=True), draft=draft)
    return _ask(fresh, "text", voice.message("ask.place_noted"), ())


def is_shared_place(text: str) -> bool:
    """Whether a message is a place on the map and no story."""
    return point_in(text) is not None and len(text.split()) <= _LONGEST_PLACE_WORDS


def offer_voice(state: State, voice: Voice) -> Step:
    """A recording came instead of a story: a few typed words help, but nobody has to type."""
    draft = state.draft or Draft(attachments=state.attachments, messages=1)
    message = voice.message("files.voice", choices=[voice.choice("voice_only")])
    return _ask(replace(state.idle(greeted=True), draft=draft), "text", message, ())


def proceed(state: State, known: Knowledge, voice: Voice, *, lead: Lead = ()) -> Step:
    """Ask the draft's first open question; the summary is the last one."""
    draft = state.draft
    assert draft is not None
    if not draft.text:
        if draft.kind == PetitionKind.TC and "denunciation" not in draft.settled:
            return _ask(state, "denunciation", _warning(known, voice), lead)
        key = f"ask.text_{draft.kind}" if voice.has(f"ask.text_{draft.kind}") else "ask.text"
        return _ask(state, "text", voice.message(key), lead)
    seen = grasp(draft, known)
    question, message = _open_question(draft, seen, known, voice)
    return _ask(state, question, message, lead)


def _ask(state: State, question: str, message: OutgoingMessage, lead: Lead) -> Step:
    return Step(
        replace(state, asked=question, offered=message.choices, misread=0), (*lead, message)
    )


def _open_question(
    draft: Draft, seen: Grasp, known: Knowledge, voice: Voice
) -> tuple[str, OutgoingMessage]:
    settled = draft.settled
    if seen.kind is PetitionKind.TC and "denunciation" not in settled:
        return "denunciation", _warning(known, voice)
    if not draft.kind and "split" not in settled:
        matters = matters_in(draft.text, known)
        if matters:
            return "split", _split(matters, voice)
        if seen.kind is PetitionKind.MIXED:
            choices = [voice.choice("one_by_one"), voice.choice("keep_one")]
            return "split", voice.message("ask.split_self", choices=choices)
    if seen.kind.may_hold_denunciation and "denunciation" not in settled:
        return "denunciation", _warning(known, voice, "denunciation.warning_mixed")
    if seen.guide is not None and "guide" not in settled:
        return "guide", _guidance(seen, known, voice)
    if "duplicate" not in settled:
        earlier = known.earlier_like(draft.text)
        if earlier:
            choices = [
                voice.choice(f"to:{earlier}", "choice.add_to", reference=earlier),
                voice.choice("as_new"),
            ]
            return "duplicate", voice.message("ask.duplicate", choices=choices, reference=earlier)
    place = _place_question(draft, seen, known, voice)
    if place is not None:
        return "place", place
    asked = seen.routing.question
    if (
        asked is not None
        and asked.choices
        and seen.receiver is None
        and not draft.agency
        and "route" not in settled
    ):
        choices = [Choice(value, label) for label, value in asked.choices]
        choices = [*choices[:3], voice.choice("unsure")]
        text = asked.text if voice.language == "vi" else voice("ask.route")
        return "route", OutgoingMessage(text, tuple(choices), topic="ask.route")
    item = next_item(draft, seen.kind)
    if item is not None:
        choices = [voice.choice("skip")] if item.optional_in_chat else []
        return f"item:{item.code}", voice.message(f"item.{item.code}", choices=choices)
    return "summary", summary(draft, seen, known, voice)


def _place_question(
    draft: Draft, seen: Grasp, known: Knowledge, voice: Voice
) -> OutgoingMessage | None:
    if "place" in draft.settled or draft.commune or draft.agency:
        return None
    named = known.communes_in(draft.place_text or draft.text)
    if len(named) == 1:
        return None
    if 1 < len(named) <= 3:
        choices = [Choice(f"commune:{code}", name) for code, name in named]
        if point_in(draft.place_text) is not None:
            return voice.message("ask.which_near", choices=[*choices, voice.choice("skip")])
        return voice.message("ask.which_place", choices=choices)
    if seen.routing.place is not None or seen.kind is PetitionKind.PAKN:
        return None
    if known.wants_place(seen.routing):
        return voice.message("ask.place_needed", choices=[voice.choice("skip")])
    return voice.message("ask.place", choices=[voice.choice("skip")])


def _warning(known: Knowledge, voice: Voice, key: str = "denunciation.warning") -> OutgoingMessage:
    centre = known.province.centre
    source = legal_source("chat_is_no_denunciation")
    return voice.message(
        key,
        choices=[voice.choice("in_person"), voice.choice("go_on"), voice.choice("drop")],
        centre=centre.name,
        where=where_to_find(centre.address, centre.phone or known.province.hotline, voice),
        citation=cited(source.citation, source.verified, voice),
    )


def _split(matters: Sequence[Matter], voice: Voice) -> OutgoingMessage:
    lines = [
        voice(
            "split.line",
            number=number,
            kind=voice(f"kind.{matter.kind}"),
            text=shorten(matter.text, 90),
        )
        for number, matter in enumerate(matters, start=1)
    ]
    return voice.message(
        "ask.split",
        choices=[voice.choice("split"), voice.choice("keep_one")],
        lines="\n".join(lines),
    )


def _guidance(seen: Grasp, known: Knowledge, voice: Voice) -> OutgoingMessage:
    assert seen.guide is not None
    key = "guide.court" if seen.seen.intent == "court" else "guide.elsewhere"
    return voice.message(
        key,
        choices=[voice.choice("understood"), voice.choice("send_anyway")],
        agency=seen.guide.name,
        where=where_to_find(seen.guide.address, seen.guide.phone, voice),
        centre=known.province.centre.name,
    )


# ---- the summary ----------------------------------------------------------------------------


def summary(draft: Draft, seen: Grasp, known: Knowledge, voice: Voice) -> OutgoingMessage:
    """Everything that will be filed, line by line, to confirm or correct."""
    lines = [
        voice("summary.kind", kind=voice(f"kind.{seen.kind}")),
        voice("summary.text", text=shorten(draft.text, _SHOWN_TEXT)),
        voice("summary.place", place=_shown_place(draft, seen, known, voice)),
        voice("summary.agency", agency=_receiver_name(draft, seen, known, voice)),
    ]
    for code, answer in draft.answers.items():
        shown = day_in(answer) if code == "decided_on" else shorten(answer, _SHOWN_LINE)
        lines.append(voice(f"summary.item_{code}", value=shown or answer))
    lines.append(_sender_line(draft, seen, voice))
    if draft.attachments:
        lines.append(voice("summary.files", count=len(draft.attachments)))
    key = f"summary.closing_{seen.kind}"
    closing = voice(key) if voice.has(key) else voice("summary.closing")
    choices = [voice.choice("send"), voice.choice("edit")]
    if not seen.kind.may_hold_denunciation and not petitioners_of(draft, seen.kind):
        choices.append(voice.choice("contact"))
    return voice.message(
        "summary.all",
        choices=[*choices, voice.choice("cancel")],
        lines="\n".join(lines),
        closing=closing,
    )


def _sender_line(draft: Draft, seen: Grasp, voice: Voice) -> str:
    if seen.kind.may_hold_denunciation:
        return voice("summary.no_identity")
    parts = (draft.name, draft.address, draft.phone, draft.email)
    shown = ", ".join(shorten(part, _SHOWN_LINE) for part in parts if part)
    return voice("summary.sender", sender=shown) if shown else voice("summary.anonymous")


def _shown_place(draft: Draft, seen: Grasp, known: Knowledge, voice: Voice) -> str:
    _, name = commune_of(draft, seen, known)
    if name and name in draft.place_text:
        return shorten(draft.place_text, 120)
    if name:
        return name if not draft.place_text else f"{shorten(draft.place_text, 80)} ({name})"
    return shorten(draft.place_text, 80) or voice("summary.no_place")


def commune_of(draft: Draft, seen: Grasp, known: Knowledge) -> tuple[str, str]:
    """The commune of a draft as (code, name); ("", "") where it is not known."""
    if draft.commune:
        name = next((n for c, n in known.communes_in(draft.place_text) if c == draft.commune), "")
        return draft.commune, name
    if "place" in draft.settled and not draft.place_text:
        return "", ""
    named = known.communes_in(draft.place_text or draft.text)
    return named[0] if len(named) == 1 else ("", "")


def _receiver_name(draft: Draft, seen: Grasp, known: Knowledge, voice: Voice) -> str:
    if seen.receiver is None:
        return voice("summary.officer_decides", centre=known.province.centre.name)
    if draft.agency:
        return voice("summary.chosen", agency=seen.receiver.name)
    why = explanation(seen, voice)
    if not why:
        return seen.receiver.name
    return voice("summary.because", agency=seen.receiver.name, why=why)


def explanation(seen: Grasp, voice: Voice) -> str:
    """Why this agency, in one sentence; "" where there is nothing to say."""
    if voice.language == "vi":
        return seen.routing.explanation
    words = ", ".join(dict.fromkeys(seen.seen.evidence[:3]))
    return voice("understood.words", words=words) if words else ""


def _understood(draft: Draft, known: Knowledge, voice: Voice) -> Lead:
    """A first sentence on what was understood, unless the next message says it all anyway."""
    seen = grasp(draft, known)
    question, _ = _open_question(draft, seen, known, voice)
    if question in ("summary", "denunciation", "split", "guide", "duplicate"):
        return ()
    topic = known.topic_name(seen.seen.topic)
    key = "understood.topic" if topic and voice.language == "vi" else "understood.kind"
    agency = (
        voice("understood.agency", agency=seen.receiver.name) if seen.receiver is not None else ""
    )
    kind = voice(f"kind.{seen.kind}")
    return (voice.message(key, kind=kind, topic=topic, agency=agency),)


# ---- reading answers ------------------------------------------------------------------------


def take(state: State, text: str, choice: str, known: Knowledge, voice: Voice) -> Step:
    """Read the answer to the open question and go on."""
    question = state.asked
    reader = _READERS.get(question)
    if question.startswith("item:"):
        return _take_item(state, question.removeprefix("item:"), text, choice, known, voice)
    if reader is None:
        return proceed(state, known, voice)
    return reader(state, text, choice, known, voice)


def misread(state: State, voice: Voice, key: str = "misread.choice", **values: object) -> Step:
    """Say what was not understood and ask the same again."""
    message = OutgoingMessage(voice(key, **values), state.offered, topic=key)
    return Step(replace(state, misread=state.misread + 1), (message,))


def _draft(state: State) -> Draft:
    assert state.draft is not None
    return state.draft


def _take_text(state: State, text: str, choice: str, known: Knowledge, voice: Voice) -> Step:
    draft = _draft(state)
    if choice == "voice_only":
        # An officer hears what it is about, and settles kind and agency.
        changed = draft.settle(
            "text",
            text=voice("files.voice_text"),
            kind=draft.kind or str(PetitionKind.KNPA),
            agency=OFFICER_DECIDES,
        ).settle("duplicate")
        question = voice.message("ask.place", choices=[voice.choice("skip")])
        return _ask(replace(state, draft=changed), "place", question, ())
    if len(text) > LONGEST_TEXT:
        return misread(state, voice, "bad.too_long", longest=LONGEST_TEXT)
    if is_shared_place(text):
        noted = replace(draft.unsettle("place"), place_text=text, commune="")
        question = voice.message("ask.place_noted")
        return _ask(replace(state, draft=noted), "text", question, ())
    if len(text.split()) < _FEWEST_WORDS:
        return misread(state, voice, "ask.more")
    changed = draft.settle("text", text=text)
    changed = fill_from_text(changed, grasp(changed, known).kind)
    # A new story may speak of another place and another matter.
    changed = replace(changed.unsettle("place").unsettle("route"), route_answer="")
    return proceed(replace(state, draft=changed), known, voice)


def _take_denunciation(
    state: State, text: str, choice: str, known: Knowledge, voice: Voice
) -> Step:
    draft = _draft(state)
    if choice in ("in_person", "drop"):
        centre = known.province.centre
        key = "denunciation.in_person" if choice == "in_person" else "denunciation.dropped"
        reply = voice.message(
            key,
            choices=menu_choices(voice),
            centre=centre.name,
            where=where_to_find(centre.address, centre.phone or known.province.hotline, voice),
        )
        return Step(
            state.idle(offered=reply.choices),
            (reply,),
            (Forget(draft.messages, draft.attachments),),
        )
    if choice == "go_on" or is_command(text, "yes"):
        mixed = bool(draft.text) and grasp(draft, known).kind is PetitionKind.MIXED
        kind = PetitionKind.MIXED if mixed else PetitionKind.TC
        changed = draft.settle("denunciation", kind=str(kind))
        return proceed(replace(state, draft=changed), known, voice)
    return misread(state, voice)


def _take_split(state: State, text: str, choice: str, known: Knowledge, voice: Voice) -> Step:
    draft = _draft(state)
    matters = matters_in(draft.text, known)
    if matters and (choice == "split" or is_command(text, "yes")):
        first, *rest = (matter.text for matter in matters)
        changed = draft.settle("split", text=first, answers={})
        changed = fill_from_text(changed, grasp(changed, known).kind)
        lead = (voice.message("split.first", count=len(matters)),)
        return proceed(replace(state, draft=changed, later=tuple(rest)), known, voice, lead=lead)
    if choice == "one_by_one" or (not matters and is_command(text, "yes")):
        changed = replace(draft.unsettle("text"), text="")
        return proceed(replace(state, draft=changed), known, voice)
    if choice == "keep_one" or is_command(text, "no"):
        # One matter then: the citizen says of which kind.
        return edit(replace(state, draft=draft.settle("split")), "kind", "", known, voice)
    return misread(state, voice)


def _take_guide(state: State, text: str, choice: str, known: Knowledge, voice: Voice) -> Step:
    if choice == "send_anyway":
        changed = _draft(state).settle("guide", agency=OFFICER_DECIDES)
        return proceed(replace(state, draft=changed), known, voice)
    if choice == "understood" or is_command(text, "yes"):
        reply = voice.message("guide.done", choices=menu_choices(voice))
        return Step(state.idle(offered=reply.choices), (reply,))
    return misread(state, voice)


def _take_place(state: State, text: str, choice: str, known: Knowledge, voice: Voice) -> Step:
    draft = _draft(state)
    if choice == "skip" or is_command(text, "skip"):
        changed = draft.settle("place", place_text="", commune="")
        return proceed(replace(state, draft=changed), known, voice)
    if choice.startswith("commune:"):
        code = choice.removeprefix("commune:")
        label = next((c.label for c in state.offered if c.value == choice), "")
        told = draft.place_text or label
        if point_in(told) is not None and label not in told:
            told = f"{label} – {told}"  # coordinates name no place to whoever routes or reads
        changed = draft.settle("place", place_text=told, commune=code)
        return proceed(replace(state, draft=changed), known, voice)
    if len(text) > _LONGEST_PLACE or not any(c.isalpha() for c in text):
        return misread(state, voice, "bad.place")
    if len(text.split()) > _LONGEST_PLACE_WORDS and not known.communes_in(text):
        # More of the story, not a place.
        told = f"{draft.text}\n{text}"[:LONGEST_TEXT]
        lead = (voice.message("summary.appended"),)
        return proceed(replace(state, draft=replace(draft, text=told)), known, voice, lead=lead)
    text, named = _read_place(text, known)
    changed = replace(draft, place_text=text, commune="")
    if 1 < len(named) <= 3:
        # Asked once more, with the communes that share the name.
        return proceed(replace(state, draft=changed.unsettle("place")), known, voice)
    if not named and state.misread == 0 and known.wants_place(grasp(changed, known).routing):
        return misread(state, voice, "bad.place_unknown")
    code = named[0][0] if len(named) == 1 else ""
    return proceed(replace(state, draft=changed.settle("place", commune=code)), known, voice)


def _read_place(text: str, known: Knowledge) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The place as it can be found again, and its communes; a bare name is tried as each type."""
    named = known.communes_in(text)
    if named or len(text.split()) > _LONGEST_BARE_NAME:
        return text, named
    for place_type in words().place_types:
        named = known.communes_in(f"{place_type} {text}")
        if named:
            return f"{place_type} {text}", named
    return text, ()


def _take_route(state: State, text: str, choice: str, known: Knowledge, voice: Voice) -> Step:
    draft = _draft(state)
    if choice == "unsure" or is_command(text, "skip"):
        changed = draft.settle("route", agency=OFFICER_DECIDES)
        return proceed(replace(state, draft=changed), known, voice)
    if choice:
        changed = draft.settle("route", route_answer=choice)
        return proceed(replace(state, draft=changed), known, voice)
    count = len(text.split())
    called = [card for card in known.agencies_called(text[:200]) if card.competent]
    if len(called) == 1 and count <= _LONGEST_BODY_WORDS and not is_secret(draft, known):
        changed = draft.settle("route", agency=called[0].code)
        return proceed(replace(state, draft=changed), known, voice)
    if count >= _FEWEST_WORDS and len(draft.text) + len(text) < LONGEST_TEXT:
        # More of the story, and often what was lacking. The same is not asked a second time.
        told = replace(draft, text=f"{draft.text}\n{text}")
        lead = (voice.message("summary.appended"),)
        question, _ = _open_question(told, grasp(told, known), known, voice)
        if question == "route":
            return _leave_to_officer(replace(state, draft=told), "route", known, voice, lead)
        return proceed(replace(state, draft=told), known, voice, lead=lead)
    if state.misread:
        return _leave_to_officer(state, "route", known, voice)
    return misread(state, voice)


def _leave_to_officer(
    state: State, question: str, known: Knowledge, voice: Voice, lead: Lead = ()
) -> Step:
    """Nobody is asked for ever: who does not find the agency gets an officer who does."""
    changed = _draft(state).settle(question, agency=OFFICER_DECIDES)
    told = (*lead, voice.message("summary.officer_chooses"))
    return proceed(replace(state, draft=changed), known, voice, lead=told)


def _take_item(
    state: State, code: str, text: str, choice: str, known: Knowledge, voice: Voice
) -> Step:
    draft, question = _draft(state), f"item:{code}"
    optional = any(offered.value == "skip" for offered in state.offered)
    if choice == "skip" or (is_command(text, "skip") and optional):
        return proceed(replace(state, draft=draft.settle(question)), known, voice)
    if is_command(text, "skip"):
        return misread(state, voice, f"needed.{code}")
    changed = _ITEM_READERS.get(code, _read_answer)(draft, code, text, known)
    if isinstance(changed, str):
        return misread(state, voice, changed)
    return proceed(replace(state, draft=changed.settle(question)), known, voice)


def _read_name(draft: Draft, code: str, text: str, known: Knowledge) -> Draft | str:
    letters = sum(c.isalpha() for c in text)
    if not 2 <= len(text) <= 80 or letters * 2 < len(text) or any(c.isdigit() for c in text):
        return "bad.name"
    return replace(draft, name=text)


def _read_address(draft: Draft, code: str, text: str, known: Knowledge) -> Draft | str:
    if not 5 <= len(text) <= _LONGEST_PLACE or not any(c.isalpha() for c in text):
        return "bad.address"
    return replace(draft, address=text)


def _read_contact(draft: Draft, code: str, text: str, known: Knowledge) -> Draft | str:
    phone, email = phone_in(text), email_in(text)
    if not phone and not email:
        return "bad.contact"
    return replace(draft, phone=phone or draft.phone, email=email or draft.email)


def _read_day(draft: Draft, code: str, text: str, known: Knowledge) -> Draft | str:
    day = day_in(text)
    if day is None or day < _OLDEST_DECISION:
        return "bad.day"
    if day > known.today:
        return "bad.future"
    return replace(draft, answers={**draft.answers, code: day.isoformat()})


def _read_answer(draft: Draft, code: str, text: str, known: Knowledge) -> Draft | str:
    if not 2 <= len(text) <= _LONGEST_ANSWER:
        return "bad.answer"
    return replace(draft, answers={**draft.answers, code: text})


_ITEM_READERS: dict[str, Callable[[Draft, str, str, Knowledge], Draft | str]] = {
    "name": _read_name,
    "address": _read_address,
    "phone_or_email": _read_contact,
    "decided_on": _read_day,
}


def _take_summary(state: State, text: str, choice: str, known: Knowledge, voice: Voice) -> Step:
    draft = _draft(state)
    if choice == "send" or (not choice and is_command(text, "yes")):
        return _file(state, known, voice)
    if choice == "contact":
        return edit(state, "contact", "", known, voice)
    line, value = edit_of(text) if not choice else ("", "")
    if line:
        return edit(state, line, value, known, voice)
    if choice == "edit" or is_command(text, "edit") or is_command(text, "no"):
        kinds = [line for line in _LINES if line != "contact" or not is_secret(draft, known)]
        choices = [voice.choice(line, f"choice.edit_{line}") for line in kinds]
        return _ask(state, "edit", voice.message("ask.edit", choices=choices), ())
    open_line = _line_told(draft, text, known) if not choice else ""
    if open_line:
        return edit(state, open_line, text, known, voice)
    if len(text.split()) >= _FEWEST_WORDS and not choice:
        if len(draft.text) + len(text) + 1 > LONGEST_TEXT:
            return misread(state, voice, "bad.too_long", longest=LONGEST_TEXT)
        changed = replace(draft, text=f"{draft.text}\n{text}")
        lead = (voice.message("summary.appended"),)
        return proceed(replace(state, draft=changed), known, voice, lead=lead)
    return misread(state, voice)


def _line_told(draft: Draft, text: str, known: Knowledge) -> str:
    """Which line of the summary a short answer fills by itself: a telephone number, a place."""
    count = len(text.split())
    if (phone_in(text) or email_in(text)) and count <= _LONGEST_CONTACT_WORDS:
        return "contact"
    if draft.place_text or draft.commune or count > _LONGEST_PLACE_WORDS:
        return ""
    is_place = known.communes_in(text) and not known.classify(text).topic
    return "place" if is_place and not known.communes_in(draft.text) else ""


def is_secret(draft: Draft, known: Knowledge) -> bool:
    """Whether the draft may hold a denunciation: nobody's identity is kept with it."""
    if draft.kind:
        return PetitionKind(draft.kind).may_hold_denunciation
    return bool(draft.text) and grasp(draft, known).kind.may_hold_denunciation


def _take_edit(state: State, text: str, choice: str, known: Knowledge, voice: Voice) -> Step:
    line = choice if choice in _LINES else edit_of(f"{_EDIT} {text}")[0]
    if not line:
        return misread(state, voice)
    return edit(state, line, "", known, voice)


_EDIT = "edit"  # makes "nội dung" alone read like "sửa nội dung"


def edit(state: State, line: str, value: str, known: Knowledge, voice: Voice) -> Step:
    """Open one line of the summary again, or set it at once when the new value came along."""
    draft = _draft(state)
    if line == "contact" and is_secret(draft, known):
        return proceed(state, known, voice, lead=(voice.message("denunciation.no_identity"),))
    if value and line in ("text", "place", "agency", "contact"):
        asked = replace(state, asked=line, offered=())
        return take(asked, value, "", known, voice)
    if line == "agency":
        return _ask(state, "agency", _agency_question(draft, known, voice), ())
    if line == "kind":
        choices = [voice.choice(str(kind), f"choice.kind_{kind}") for kind in _KINDS_TO_CHOOSE]
        return _ask(state, "kind", voice.message("ask.kind", choices=choices), ())
    if line == "place":
        choices = [voice.choice("skip")]
        return _ask(state, "place", voice.message("ask.place", choices=choices), ())
    return _ask(state, line, voice.message(f"ask.new_{line}"), ())


def _agency_question(draft: Draft, known: Knowledge, voice: Voice) -> OutgoingMessage:
    seen = grasp(draft, known)
    codes = [candidate.agency for candidate in seen.routing.candidates]
    others = [
        known.agency(code) for code in codes if seen.receiver is None or code != seen.receiver.code
    ]
    choices = [Choice(f"agency:{a.code}", a.name) for a in others if a.competent][:3]
    return voice.message("ask.agency", choices=[*choices, voice.choice("unsure")])


def _take_agency(state: State, text: str, choice: str, known: Knowledge, voice: Voice) -> Step:
    draft = _draft(state)
    if choice == "unsure" or is_command(text, "skip"):
        changed = draft.settle("agency", agency=OFFICER_DECIDES)
        return proceed(replace(state, draft=changed), known, voice)
    if choice.startswith("agency:"):
        changed = draft.settle("agency", agency=choice.removeprefix("agency:"))
        return proceed(replace(state, draft=changed), known, voice)
    found = [card for card in known.agencies_called(text[:200]) if card.competent][:3]
    if not found and state.misread:
        return _leave_to_officer(state, "agency", known, voice)
    if not found:
        return misread(state, voice, "bad.agency")
    if len(found) == 1:
        changed = draft.settle("agency", agency=found[0].code)
        return proceed(replace(state, draft=changed), known, voice)
    choices = [Choice(f"agency:{card.code}", card.name) for card in found]
    return _ask(
        state,
        "agency",
        voice.message("ask.which_agency", choices=[*choices, voice.choice("unsure")]),
        (),
    )


def _take_kind(state: State, text: str, choice: str, known: Knowledge, voice: Voice) -> Step:
    if choice not in _KINDS_TO_CHOOSE:
        return misread(state, voice)
    draft = _draft(state).settle("kind", kind=choice)
    if choice == PetitionKind.TC:
        # What a denunciation must not carry goes before anything else is said about it.
        draft = replace(draft, name="", address="", phone="", email="")
    draft = fill_from_text(draft, PetitionKind(choice))
    return proceed(replace(state, draft=draft), known, voice)


def _take_contact(state: State, text: str, choice: str, known: Knowledge, voice: Voice) -> Step:
    draft = _draft(state)
    phone, email = phone_in(text), email_in(text)
    # A platform's own form gives the name, the number and the address on a line each.
    first = next((line for line in text.splitlines() if any(map(str.isalpha, line))), text)
    rest = first.replace(email, "") if email else first
    name = "".join(c if c.isalpha() or c in " .'-" else " " for c in rest)
    name = " ".join(name.split())[:80].strip(" .'-")
    if not (phone or email or len(name) >= 2):
        return misread(state, voice, "bad.contact")
    changed = draft.settle(
        "contact",
        name=name or draft.name,
        phone=phone or draft.phone,
        email=email or draft.email,
    )
    return proceed(replace(state, draft=changed), known, voice)


def _take_duplicate(state: State, text: str, choice: str, known: Knowledge, voice: Voice) -> Step:
    from bot.dialogue.own import add_now  # the two flows lead into each other

    draft = _draft(state)
    if choice.startswith("to:") or is_command(text, "yes"):
        reference = choice.removeprefix("to:") or known.earlier_like(draft.text)
        return add_now(state, reference, draft.text, draft.attachments)
    if choice == "as_new" or is_command(text, "no"):
        return proceed(replace(state, draft=draft.settle("duplicate")), known, voice)
    return misread(state, voice)


Reader = Callable[[State, str, str, Knowledge, Voice], Step]
_READERS: dict[str, Reader] = {
    "text": _take_text,
    "denunciation": _take_denunciation,
    "split": _take_split,
    "guide": _take_guide,
    "duplicate": _take_duplicate,
    "place": _take_place,
    "route": _take_route,
    "summary": _take_summary,
    "edit": _take_edit,
    "agency": _take_agency,
    "kind": _take_kind,
    "contact": _take_contact,
}
# Answered in the citizen's own words: only commands interrupt them.
FREE_TEXT = frozenset({"text", "place", "agency", "contact"})


def undo(state: State, known: Knowledge, voice: Voice) -> Step | None:
    """Open the last settled question again ("quay lại"); None: there is none."""
    draft = state.draft
    if draft is None:
        return None
    if state.asked in ("edit", "agency", "kind", "contact") and draft.text:
        return proceed(state, known, voice)
    if not draft.settled:
        return None
    last = draft.settled[-1]
    cleared = _CLEARED.get(last, {})
    changed = draft.unsettle(last, **cleared)
    if last.startswith("item:"):
        changed = _without_item(changed, last.removeprefix("item:"))
    return proceed(replace(state, draft=changed), known, voice)


_CLEARED: dict[str, dict[str, Any]] = {
    "text": {"text": ""},
    "place": {"place_text": "", "commune": ""},
    "route": {"route_answer": "", "agency": ""},
    "agency": {"agency": ""},
    "kind": {"kind": ""},
    "guide": {"agency": ""},
    "contact": {"name": "", "phone": "", "email": ""},
}


def _without_item(draft: Draft, code: str) -> Draft:
    if code in ("name", "address"):
        return replace(draft, name="") if code == "name" else replace(draft, address="")
    if code == "phone_or_email":
        return replace(draft, phone="", email="")
    return replace(draft, answers={k: v for k, v in draft.answers.items() if k != code})


# ---- handing over ---------------------------------------------------------------------------


def _file(state: State, known: Knowledge, voice: Voice) -> Step:
    draft = _draft(state)
    seen = grasp(draft, known)
    people = petitioners_of(draft, seen.kind)
    code, _ = commune_of(draft, seen, known)
    submission = Submission(
        kind=seen.kind,
        text=draft.text,
        source=Source.WEB,
        petitioners=people,
        anonymous=not people,
        place_text=draft.place_text,
        commune=code or None,
        agency=seen.receiver.code if seen.receiver else None,
        topic=seen.seen.topic,
        fields=seen.seen.fields,
        accused=_accused(draft, seen, known, code),
        answers=dict(draft.answers),
        attachments=draft.attachments,
        language=state.language,
        urgent=seen.seen.urgent is not None,
        routing={
            "decision": seen.routing.decision,
            "confidence": round(seen.routing.confidence, 3),
            "explanation": seen.routing.explanation,
            "chosen_by": "citizen" if draft.agency else "machine",
            "candidates": [
                {
                    "agency": candidate.agency,
                    "score": round(candidate.score, 1),
                    "reasons": list(candidate.reasons),
                }
                for candidate in seen.routing.candidates
            ],
            "versions": dict(seen.routing.versions),
        },
    )
    decided_on = day_in(draft.answers.get("decided_on", ""))
    time_bar = None
    if decided_on is not None and seen.kind.is_complaint:
        time_bar = known.time_bar(seen.kind, decided_on)
    return Step(state, (), (File(submission, time_bar),))


def _accused(draft: Draft, seen: Grasp, known: Knowledge, commune: str) -> tuple[str, ...]:
    """Agencies a denunciation in it is about, so that it never reaches them."""
    if not seen.kind.may_hold_denunciation:
        return ()
    told = draft.answers.get("accused", "")
    words = (*seen.seen.accused, told) if told else seen.seen.accused
    return known.accused_agencies(words, commune)


# ---- small things the flows share -----------------------------------------------------------


def menu_choices(voice: Voice) -> tuple[Choice, ...]:
    """What can be done at any idle moment."""
    return tuple(voice.choice(value) for value in ("new", "status", "person"))


def where_to_find(address: str, phone: str, voice: Voice) -> str:
    """Address and telephone as one phrase; says so when neither is known."""
    parts = []
    if address:
        parts.append(voice("where.address", address=address))
    if phone:
        parts.append(voice("where.phone", phone=phone))
    return "; ".join(parts) or voice("where.unknown")


def cited(citation: str, verified: bool, voice: Voice) -> str:
    """A legal source with its mark when it has not been verified."""
    return citation if verified else voice("law.unverified", citation=citation)


def shorten(text: str, longest: int) -> str:
    """The start of a text, cut at a word."""
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    cut = text[: longest - 1].rsplit(" ", 1)[0] or text[: longest - 1]
    return f"{cut}…"


def choice_in(state: State, text: str) -> str:
    """The offered choice a message names, or ""."""
    return picked(state.offered, text)
