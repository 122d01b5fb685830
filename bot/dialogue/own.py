"""What a citizen does with petitions already filed: look up, add to, withdraw.

A petition filed in this conversation is the citizen's own; any other one must be proven by its
number and secret part, and the answer to a wrong one tells nothing.
"""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue.documents import tell
from bot.dialogue.knowledge import Knowledge, OwnPetition
from bot.dialogue.petition import cited, menu_choices, misread
from bot.dialogue.state import State
from bot.dialogue.steps import Add, LookUp, Step, Withdraw
from bot.dialogue.words import is_command, reference_in, secret_in
from bot.messages import Choice, OutgoingMessage
from bot.phrases import Voice
from intake.status import TRANSITIONS, Action, PetitionStatus

_MOST_TO_PICK = 3
_MOST_EVENTS = 6
_ANOTHER = "another"
_LONGEST_ADDITION = 20_000
# What is asked of each petition, by the name used in `State.asked`.
_ACTIONS = {"add": Action.ADD_INFORMATION, "withdraw": Action.WITHDRAW}


def start(state: State, wish: str, known: Knowledge, voice: Voice, *, reference: str = "") -> Step:
    """Begin a look-up, an addition or a withdrawal (`wish`: "status", "add", "withdraw")."""
    if reference:
        petition = own(reference, known)
        if petition is not None:
            return _go_on(state, wish, petition, known, voice)
        return _ask_secret(state, wish, reference, voice)
    possible = [p for p in known.own if wish == "status" or _can(petition=p, wish=wish)]
    if len(possible) == 1:
        return _go_on(state, wish, possible[0], known, voice)
    if possible:
        shown = possible[:_MOST_TO_PICK]
        choices = [
            Choice(p.reference, voice("own.line", reference=p.reference, agency=p.agency))
            for p in shown
        ]
        choices.append(voice.choice(_ANOTHER))
        message = voice.message(f"own.pick_{wish}", choices=choices)
        return _ask(state, f"pick:{wish}", message)
    if known.own and wish != "status":
        reply = voice.message(f"own.none_{wish}", choices=menu_choices(voice))
        return Step(state.idle(offered=reply.choices), (reply,))
    return _ask(state, f"reference:{wish}", voice.message("own.ask_reference"))


def take(state: State, text: str, choice: str, known: Knowledge, voice: Voice) -> Step:
    """Read the answer to the open question of these flows."""
    asked, _, wish = state.asked.partition(":")
    if asked == "pick":
        if choice == _ANOTHER:
            return _ask(state, f"reference:{wish}", voice.message("own.ask_reference"))
        reference = choice or reference_in(text, known.province.prefix)
        if reference:
            return start(state, wish, known, voice, reference=reference)
        return misread(state, voice)
    if asked == "reference":
        return _take_reference(state, wish, text, known, voice)
    if asked == "secret":
        return _take_secret(state, wish, text, known, voice)
    if asked == "add":
        return _take_addition(state, text, voice)
    if asked == "withdraw":
        if choice == "withdraw_yes" or is_command(text, "yes"):
            return Step(state, (), (Withdraw(state.subject),))
        if choice == "withdraw_no" or is_command(text, "no"):
            reply = voice.message("withdraw.kept", choices=menu_choices(voice))
            return Step(state.idle(offered=reply.choices), (reply,))
        return misread(state, voice)
    return _take_where(state, text, choice, known, voice)


def _take_reference(state: State, wish: str, text: str, known: Knowledge, voice: Voice) -> Step:
    reference = reference_in(text, known.province.prefix)
    if not reference:
        return misread(state, voice, "own.bad_reference", prefix=known.province.prefix)
    secret = secret_in(text, known.province.prefix)
    petition = own(reference, known)
    if secret and _is_to_prove(petition):
        return _prove(state, wish, reference, secret, voice)
    if petition is not None:
        return _go_on(state, wish, petition, known, voice)
    return _ask_secret(state, wish, reference, voice)


def _take_secret(state: State, wish: str, text: str, known: Knowledge, voice: Voice) -> Step:
    prefix = known.province.prefix
    reference = reference_in(text, prefix) or state.subject
    secret = secret_in(text, prefix)
    if not secret:
        step = misread(state, voice, "own.bad_secret")
        return replace(step, stored_text=voice("own.hidden"))
    return _prove(state, wish, reference, secret, voice)


def _prove(state: State, wish: str, reference: str, secret: str, voice: Voice) -> Step:
    asked = replace(state, asked=f"secret:{wish}", subject=reference, offered=())
    return Step(
        asked,
        (),
        (LookUp(reference, secret),),
        stored_text=voice("own.hidden_with", reference=reference),
    )


def _ask_secret(state: State, wish: str, reference: str, voice: Voice) -> Step:
    message = voice.message("own.ask_secret", reference=reference)
    return _ask(replace(state, subject=reference), f"secret:{wish}", message)


def look_up(state: State, reference: str, text: str, known: Knowledge, voice: Voice) -> Step:
    """A petition number typed at any moment, with or without its secret part."""
    secret = secret_in(text, known.province.prefix)
    if secret and _is_to_prove(own(reference, known)):
        return _prove(state.idle(), "status", reference, secret, voice)
    return start(state.idle(), "status", known, voice, reference=reference)


def _is_to_prove(petition: OwnPetition | None) -> bool:
    """Whether the secret part opens something: what may hold a denunciation needs it each time."""
    return petition is None or petition.kind.may_hold_denunciation


def found(state: State, petition: OwnPetition, known: Knowledge, voice: Voice) -> Step:
    """The secret part fits: remember it for this conversation and go on."""
    _, _, wish = state.asked.partition(":")
    proven = (*(r for r in state.proven if r != petition.reference), petition.reference)
    shown = replace(state, proven=proven[-8:])
    return _go_on(shown, wish or "status", petition, known, voice, codes_shown=True)


def _go_on(
    state: State,
    wish: str,
    petition: OwnPetition,
    known: Knowledge,
    voice: Voice,
    *,
    codes_shown: bool = False,
) -> Step:
    if wish != "status" and not _can(petition=petition, wish=wish):
        status = voice(f"status.{petition.status}")
        reply = voice.message(
            f"own.cannot_{wish}",
            choices=menu_choices(voice),
            reference=petition.reference,
            status=status,
        )
        return Step(state.idle(offered=reply.choices), (reply,))
    subject = replace(state, subject=petition.reference)
    if wish == "add":
        if state.attachments:
            return add_now(state, petition.reference, "", state.attachments)
        return _ask(subject, "add", voice.message("add.ask", reference=petition.reference))
    if wish == "withdraw":
        choices = [voice.choice("withdraw_yes"), voice.choice("withdraw_no")]
        message = voice.message(
            "withdraw.ask", choices=choices, reference=petition.reference, agency=petition.agency
        )
        return _ask(subject, "withdraw", message)
    reply = status_of(petition, known, voice, codes_shown=codes_shown)
    return Step(state.idle(offered=reply.choices), (reply,))


def status_of(
    petition: OwnPetition, known: Knowledge, voice: Voice, *, codes_shown: bool
) -> OutgoingMessage:
    """Where a petition stands, what happened, what is due next, and the office's documents.

    Args:
        codes_shown: the message that is answered showed both codes.
    """
    documents, cards = tell(known.documents_of(petition.reference), voice, codes_shown=codes_shown)
    lines = [
        voice("event.line", on=on, event=voice(f"event.{event}"))
        for on, event in known.events_of(petition.reference)[-_MOST_EVENTS:]
        if voice.has(f"event.{event}")
    ]
    if petition.next is not None:
        following = voice(
            "status.next",
            due=petition.next.on,
            stage=petition.next.stage,
            citation=cited(petition.next.citation, petition.next.verified, voice),
        )
    elif petition.message_only and petition.status.is_open:
        following = voice("status.needs_signature")
    else:
        following = voice("status.nothing_due") if petition.status.is_open else ""
    choices = [
        voice.choice(wish) for wish in ("add", "withdraw") if _can(petition=petition, wish=wish)
    ]
    message = voice.message(
        "status.all",
        choices=[*choices, voice.choice("new")],
        reference=petition.reference,
        agency=petition.agency,
        kind=voice(f"kind.{petition.kind}"),
        filed_on=petition.filed_on,
        status=voice(f"status.{petition.status}"),
        events="\n".join(lines),
        following=following,
    )
    return replace(message, text=message.text + documents, documents=cards)


# ---- adding ---------------------------------------------------------------------------------


def _take_addition(state: State, text: str, voice: Voice) -> Step:
    if len(text) > _LONGEST_ADDITION:
        return misread(state, voice, "bad.too_long", longest=_LONGEST_ADDITION)
    return add_now(state, state.subject, text, ())


def add_now(state: State, reference: str, text: str, attachments: tuple[str, ...]) -> Step:
    """Add to a petition without further questions."""
    return Step(state, (), (Add(reference, text, attachments),))


def ask_where(state: State, text: str, known: Knowledge, voice: Voice) -> Step:
    """Ask which petition a file (or an answer to the office's question) belongs to."""
    open_ones = [p for p in known.own if _can(petition=p, wish="add")]
    awaiting = [p for p in open_ones if p.status is PetitionStatus.AWAITING_INFORMATION]
    shown = (awaiting or open_ones)[:2]
    choices = [
        voice.choice(f"to:{p.reference}", "choice.add_to", reference=p.reference) for p in shown
    ]
    key = "add.answer" if text else "add.where"
    message = voice.message(
        key, choices=[*choices, voice.choice("as_new")], reference=shown[0].reference
    )
    held = replace(state, asked="where", offered=message.choices, subject=text)
    return Step(held, (message,))


def _take_where(state: State, text: str, choice: str, known: Knowledge, voice: Voice) -> Step:
    from bot.dialogue.petition import begin  # the two flows lead into each other

    told = state.subject
    if choice.startswith("to:"):
        return add_now(state, choice.removeprefix("to:"), told, state.attachments)
    if is_command(text, "yes"):
        first = next(c.value for c in state.offered if c.value.startswith("to:"))
        return add_now(state, first.removeprefix("to:"), told, state.attachments)
    if choice == "as_new" or is_command(text, "no"):
        return begin(replace(state, subject=""), told, known, voice)
    if len(text.split()) >= 3 and not told:
        return begin(replace(state, subject=""), text, known, voice)
    return misread(state, voice)


def own(reference: str, known: Knowledge) -> OwnPetition | None:
    """The citizen's petition of that number, if it is theirs."""
    return next((p for p in known.own if p.reference == reference), None)


def _can(*, petition: OwnPetition, wish: str) -> bool:
    return petition.status in TRANSITIONS[_ACTIONS[wish]].leads


def _ask(state: State, asked: str, message: OutgoingMessage) -> Step:
    return Step(
        replace(state, asked=asked, offered=message.choices, draft=None, misread=0), (message,)
    )
