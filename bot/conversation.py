"""The dialogue's entrance: one message in, the next state, replies and effects out. Pure.

`advance` decides what a message is (a command, the answer to the open question, small talk, a
petition) and leaves the rest to the flows in `bot/dialogue/`. `conclude` words what became of an
effect. Neither reads a clock or a database: what they need to know comes as `Knowledge`.
"""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue import own, petition, talk
from bot.dialogue.knowledge import Knowledge
from bot.dialogue.receipt import receipt
from bot.dialogue.state import State
from bot.dialogue.steps import (
    Added,
    Effect,
    Filed,
    Forget,
    Found,
    LookUp,
    Outcome,
    Refused,
    Step,
    Withdrawn,
)
from bot.dialogue.words import (
    announced_kind,
    command,
    edit_of,
    has_words,
    is_command,
    is_english,
    is_foreign,
    reference_in,
)
from bot.messages import OutgoingMessage
from bot.phrases import Voice, voice
from intake.actions.filing import LONGEST_TEXT
from intake.classification import Classification
from intake.errors import LawRefuses, TooMany
from intake.petition import PetitionKind
from intake.text import clean

_STORED_OF_TOO_LONG = 2_000
# Commands that are small talk, by the intent that answers them.
_TALK = {"schedule": "schedule_question", "greeting": "greeting", "thanks": "thanks"}
_ANSWER_WORDS = ("yes", "no", "skip", "edit")
_FEWEST_WORDS = 3
_FEWEST_UNCLEAR_WORDS = 6


def advance(
    state: State,
    text: str,
    attachments: tuple[str, ...],
    known: Knowledge,
    *,
    spoken: bool = False,
) -> Step:
    """One message of the citizen.

    Args:
        text: as it came, of any length and with anything in it.
        attachments: uids of files that came with it, already stored.
        spoken: all of them are recordings.
    """
    return _offering(_advanced(state, text, attachments, known, spoken=spoken))


def _offering(step: Step) -> Step:
    """What was said last offers what can be picked next, and nothing else does."""
    if not step.replies:
        return step
    return replace(step, state=replace(step.state, offered=step.replies[-1].choices))


def _advanced(
    state: State, text: str, attachments: tuple[str, ...], known: Knowledge, *, spoken: bool
) -> Step:
    if len(text) > 4 * LONGEST_TEXT:
        text = text[: 4 * LONGEST_TEXT]  # enough to see that it is too long
    cleaned = clean(text)
    say = voice(state.language)
    if state.draft is not None:
        counted = replace(state.draft, messages=state.draft.messages + 1)
        state = replace(state, draft=counted)
    if len(cleaned) > LONGEST_TEXT:
        step = _again(state, known, (say.message("bad.too_long", longest=LONGEST_TEXT),))
        return replace(step, stored_text=cleaned[:_STORED_OF_TOO_LONG])
    if attachments:
        return _with_files(state, cleaned, attachments, known, say, spoken=spoken)
    if not cleaned:
        return _again(state, known, (say.message("bad.empty"),))
    if not has_words(cleaned):
        return _again(state, known, (say.message("bad.no_words"),))
    if is_foreign(cleaned):
        return _again(state, known, (say.message("bad.language"),))
    chosen = petition.choice_in(state, cleaned)
    if chosen == "cancel":
        return _cancel(state, known, say)
    if not chosen:
        commanded = _command(state, cleaned, known, say)
        if commanded is not None:
            return commanded
    if state.asked:
        return _answer(state, cleaned, chosen, known, say)
    if petition.is_shared_place(cleaned):
        return petition.begin_at(state, cleaned, say)
    return _idle(state, cleaned, chosen, known, say)


def conclude(state: State, effect: Effect, outcome: Outcome, known: Knowledge) -> Step:
    """Word what became of an effect, and go on from there."""
    return _offering(_concluded(state, effect, outcome, known))


def _concluded(state: State, effect: Effect, outcome: Outcome, known: Knowledge) -> Step:
    say = voice(state.language)
    if isinstance(outcome, Refused):
        return _refused(state, effect, outcome, say)
    if isinstance(outcome, Filed):
        replies = receipt(outcome, say)
        return _next_part(state, known, say, replies)
    if isinstance(outcome, Found):
        return own.found(state, outcome.petition, known, say)
    key = "withdraw.done" if isinstance(outcome, Withdrawn) else _added_key(outcome)
    files = outcome.files if isinstance(outcome, Added) else 0
    reply = say.message(
        key, choices=petition.menu_choices(say), reference=outcome.reference, files=files
    )
    return Step(state.idle(offered=reply.choices), (reply,))


def _added_key(outcome: Added) -> str:
    return "add.done_files" if outcome.files else "add.done"


def _next_part(
    state: State, known: Knowledge, say: Voice, replies: tuple[OutgoingMessage, ...]
) -> Step:
    """After a receipt: the next petition split off, or nothing more."""
    if state.later:
        following, *rest = state.later
        ready = state.idle(later=tuple(rest))
        lead = (*replies, say.message("split.next"))
        return petition.begin(ready, following, known, say, lead=lead)
    *first, last = replies
    return Step(state.idle(offered=last.choices), (*first, last))


def _refused(state: State, effect: Effect, outcome: Refused, say: Voice) -> Step:
    error = outcome.error
    if isinstance(effect, LookUp):
        if isinstance(error, TooMany):
            minutes = max(1, round(int(str(error.values["retry_after"])) / 60))
            reply = say.message("own.too_many", choices=petition.menu_choices(say), minutes=minutes)
            return Step(state.idle(offered=reply.choices), (reply,))
        return Step(replace(state, offered=()), (say.message("own.wrong"),))
    values: dict[str, object] = {}
    if isinstance(error, LawRefuses):
        values = {
            "label": error.values["label"],
            "citation": petition.cited(
                str(error.values["citation"]), bool(error.values["verified"]), say
            ),
        }
    if isinstance(error, TooMany):
        values = {"minutes": max(1, round(int(str(error.values["retry_after"])) / 60))}
    key = f"error.{error.code}"
    text = say(key if say.has(key) else "error.intake-error", **values)
    reply = OutgoingMessage(text, petition.menu_choices(say), topic=key)
    return Step(state.idle(offered=reply.choices), (reply,))


# ---- at any moment --------------------------------------------------------------------------


def _command(state: State, text: str, known: Knowledge, say: Voice) -> Step | None:
    """What works whatever is asked: language, cancel, back, menu, a person; else None."""
    wish = command(text)
    if wish in ("english", "vietnamese"):
        language = "en" if wish == "english" else "vi"
        changed = replace(state, language=language, greeted=True)
        return _again(changed, known, (voice(language).message("language.changed"),))
    if wish == "cancel":
        return _cancel(state, known, say)
    if wish == "back":
        return _back(state, known, say)
    if wish == "menu":
        if state.asked:
            lead = (say.message(_help_key(state)),)
            return _again(state, known, lead)
        return talk.menu(state, known, say)
    if wish == "person":
        step = talk.call_person(state, known, say)
        again = _again(state, known, ())
        return replace(step, state=again.state, replies=(*step.replies, *again.replies))
    return None


def _help_key(state: State) -> str:
    return "help.petition" if state.draft is not None else "help.other"


def _cancel(state: State, known: Knowledge, say: Voice) -> Step:
    choices = petition.menu_choices(say)
    if not state.asked:
        reply = say.message("cancel.nothing", choices=choices)
        return Step(state.idle(offered=reply.choices), (reply,))
    draft = state.draft
    # A denunciation that is given up leaves nothing behind in our store.
    secret = draft is not None and (
        state.asked == "denunciation" or petition.is_secret(draft, known)
    )
    effects = (Forget(draft.messages, draft.attachments),) if secret and draft is not None else ()
    key = "cancel.forgotten" if secret else "cancel.done"
    reply = say.message(key, choices=choices)
    return Step(state.idle(later=(), offered=reply.choices), (reply,), effects)


def _back(state: State, known: Knowledge, say: Voice) -> Step:
    if not state.asked:
        return talk.menu(state, known, say)
    undone = petition.undo(state, known, say)
    if undone is not None:
        return undone
    reply = say.message("back.start", choices=petition.menu_choices(say))
    return Step(state.idle(later=(), offered=reply.choices), (reply,))


def _again(state: State, known: Knowledge, lead: tuple[OutgoingMessage, ...]) -> Step:
    """Say something and ask the open question again; nothing else changes."""
    say = voice(state.language)
    if state.draft is not None:
        if state.asked == "edit":
            step = petition.take(replace(state, asked="summary"), "", "edit", known, say)
        elif state.asked in ("kind", "agency", "contact"):
            step = petition.edit(state, state.asked, "", known, say)
        else:
            step = petition.proceed(state, known, say)
        return replace(step, replies=(*lead, *step.replies))
    if state.asked.startswith("secret:"):
        lead = (*lead, say.message("own.ask_secret", reference=state.subject))
        return Step(state, lead)
    if state.asked:
        _, _, wish = state.asked.partition(":")
        name = wish or state.asked
        if name in ("add", "withdraw", "status"):
            reference = state.subject if state.asked in ("add", "withdraw") else ""
            step = own.start(replace(state, asked=""), name, known, say, reference=reference)
            return replace(step, replies=(*lead, *step.replies))
        step = own.ask_where(state, state.subject, known, say)
        return replace(step, replies=(*lead, *step.replies))
    if lead:
        last = lead[-1]
        if not last.choices:
            last = replace(last, choices=petition.menu_choices(say))
        return Step(replace(state, offered=last.choices), (*lead[:-1], last))
    return Step(state, ())


# ---- with an open question ------------------------------------------------------------------


def _answer(state: State, text: str, chosen: str, known: Knowledge, say: Voice) -> Step:
    if not chosen:
        step = _interruption(state, text, known, say)
        if step is not None:
            return step
    if state.draft is not None:
        return petition.take(state, text, chosen, known, say)
    return own.take(state, text, chosen, known, say)


def _interruption(state: State, text: str, known: Knowledge, say: Voice) -> Step | None:
    """Danger, a petition number or small talk in the middle of something else; else None."""
    if state.asked.startswith(("reference:", "secret:")) or _is_plain_answer(text):
        return None
    seen = known.classify(text)
    if seen.urgent is not None and not state.asked.startswith("item:"):
        lead = (talk.emergency(seen.urgent, known, say),)
        if seen.intent == "emergency" or seen.kind == PetitionKind.OTHER:
            return _again(state, known, lead)
        step = (
            petition.take(state, text, "", known, say)
            if state.draft is not None
            else own.take(state, text, "", known, say)
        )
        return replace(step, replies=(*lead, *step.replies))
    free = (
        state.asked in petition.FREE_TEXT
        or state.asked.startswith("item:")
        or (state.asked == "add")
    )
    if free:
        return None
    if _is_small_talk(text, seen):
        reply = replace(talk.say(talk.ANSWERED[seen.intent], known, say), choices=())
        return _again(state, known, (reply,))
    return None


def _is_plain_answer(text: str) -> bool:
    """Whether a message answers a question by one of our own words; no guessing about those."""
    return bool(edit_of(text)[0]) or any(is_command(text, word) for word in _ANSWER_WORDS)


def _with_files(
    state: State,
    text: str,
    attachments: tuple[str, ...],
    known: Knowledge,
    say: Voice,
    *,
    spoken: bool,
) -> Step:
    """A photo, a document or a recording, perhaps with a line of text."""
    if state.draft is not None:
        draft = replace(state.draft, attachments=(*state.draft.attachments, *attachments))
        if spoken and not text and state.asked == "text" and not draft.text:
            return petition.offer_voice(replace(state, draft=draft), say)
        lead = (say.message("files.to_draft", count=len(draft.attachments)),)
        held = replace(state, draft=draft)
        if text and not draft.text:
            step = petition.take(held, text, "", known, say)
            return replace(step, replies=(*lead, *step.replies))
        return _again(held, known, lead)
    if state.asked == "add":
        return own.add_now(state, state.subject, text, attachments)
    held = replace(state.idle(), attachments=(*state.attachments, *attachments))
    if text and _is_story(text, known.classify(text)):
        return petition.begin(held, text, known, say)
    if any(p.status.is_open for p in known.own):
        return own.ask_where(held, text, known, say)
    if spoken:
        return petition.offer_voice(held, say)
    lead = (say.message("files.first"),)
    return petition.begin(held, "", known, say, lead=lead)


# ---- with nothing asked ---------------------------------------------------------------------


_COURTESIES = ("greeting", "thanks", "insult")


def _idle(state: State, text: str, chosen: str, known: Knowledge, say: Voice) -> Step:
    if state.language == "vi" and is_english(text):
        state = replace(state, language="en")
        say = voice("en")
        step = _idle_in_language(state, text, chosen, known, say)
        return replace(step, replies=(say.message("language.guessed"), *step.replies))
    return _idle_in_language(state, text, chosen, known, say)


def _idle_in_language(state: State, text: str, chosen: str, known: Knowledge, say: Voice) -> Step:
    wish = chosen or command(text)
    if wish in ("status", "add", "withdraw"):
        return own.start(state, wish, known, say)
    if wish == "person":
        return talk.call_person(state, known, say)
    if wish in _TALK:
        return talk.small_talk(state, _TALK[wish], known, say)
    if wish == "new" or announced_kind(text):
        return petition.begin(state, "", known, say, kind=announced_kind(text))
    reference = reference_in(text, known.province.prefix)
    if reference:
        return own.look_up(state, reference, text, known, say)
    return _told(state, text, known.classify(text), known, say)


def _told(state: State, text: str, seen: Classification, known: Knowledge, say: Voice) -> Step:
    """Free text at an idle moment: small talk, danger, an answer to the office, or a petition."""
    if is_english(text):
        # The classifier reads Vietnamese: an English story is for an officer to sort.
        return petition.begin_unsorted(state, text, known, say)
    lead = () if seen.urgent is None else (talk.emergency(seen.urgent, known, say),)
    if seen.intent == "emergency" or (lead and seen.kind == PetitionKind.OTHER):
        numbers = lead or (talk.emergency(None, known, say),)
        last = say.message("emergency.after", choices=petition.menu_choices(say))
        return Step(replace(state.idle(), offered=last.choices, greeted=True), (*numbers, last))
    if seen.intent == "person":
        return talk.call_person(state, known, say)
    if seen.intent == "status":
        return own.start(state, "status", known, say)
    # The office has asked something: what is told now is most likely the answer, even if it
    # sounds like a question about procedures ("tu ap … ra cho …").
    awaited = any(p.status == "awaiting_information" for p in known.own)
    if awaited and seen.intent not in _COURTESIES:
        return own.ask_where(state, text, known, say)
    if _is_small_talk(text, seen):
        return talk.small_talk(state, seen.intent, known, say)
    if _is_story(text, seen):
        return petition.begin(state, text, known, say, lead=lead)
    return talk.menu(state, known, say, key="talk.unclear")


def _is_small_talk(text: str, seen: Classification) -> bool:
    """Whether a text is one of the things answered in one sentence.

    Without any word to show for it the machine only guesses, and says so instead.
    """
    if seen.intent not in talk.ANSWERED or seen.kind != PetitionKind.OTHER:
        return False
    return bool(seen.evidence) or text.endswith("?")


def _is_story(text: str, seen: Classification) -> bool:
    """Whether a text tells something an office can look at. In doubt it does: nobody is refused."""
    count = len(text.split())
    if seen.kind != PetitionKind.OTHER or seen.intent == "court" or seen.topic:
        return count >= _FEWEST_WORDS
    if seen.intent in ("spam", "empty"):
        return False
    return count >= _FEWEST_UNCLEAR_WORDS
