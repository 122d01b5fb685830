"""What is no petition, met as a good clerk would: greetings, questions, thanks, anger, danger."""

from __future__ import annotations

from dataclasses import replace

from bot.dialogue.knowledge import Knowledge
from bot.dialogue.petition import menu_choices, where_to_find
from bot.dialogue.state import State
from bot.dialogue.steps import CallPerson, Step
from bot.messages import OutgoingMessage
from bot.phrases import Voice

# Intents of the classifier that have an answer of their own here.
ANSWERED = {
    "greeting": "talk.greeting",
    "thanks": "talk.thanks",
    "insult": "talk.insult",
    "procedure_question": "talk.procedure",
    "schedule_question": "talk.schedule",
}


def emergency(urgent: str | None, known: Knowledge, voice: Voice) -> OutgoingMessage:
    """The numbers to call first; `urgent` (a number or its key) names the fitting one."""
    numbers = known.province.emergencies
    fitting = next((number for key, number in numbers if urgent in (key, number)), "")
    lines = [voice("emergency.first", number=fitting)] if fitting else []
    lines += [
        voice("emergency.line", number=number, what=voice(f"emergency.{key}"))
        for key, number in numbers
    ]
    return voice.message("emergency.all", lines="\n".join(lines))


def menu(state: State, known: Knowledge, voice: Voice, *, key: str = "talk.menu") -> Step:
    """What can be done here, as choices."""
    reply = say(key, known, voice)
    return Step(replace(state.idle(), offered=reply.choices, greeted=True), (reply,))


def small_talk(state: State, intent: str, known: Knowledge, voice: Voice) -> Step:
    """Answer what is no petition and offer what can be done."""
    reply = say(ANSWERED[intent], known, voice)
    return Step(replace(state.idle(), offered=reply.choices, greeted=True), (reply,))


def call_person(state: State, known: Knowledge, voice: Voice) -> Step:
    """A person is asked for: tell the desk, tell hours and telephone."""
    reply = say("talk.person", known, voice)
    return Step(state, (reply,), (CallPerson(),))


def say(key: str, known: Knowledge, voice: Voice) -> OutgoingMessage:
    """One of the fixed answers, with the place and telephone of the reception centre."""
    province = known.province
    phone = province.centre.phone or province.hotline
    return voice.message(
        key,
        choices=menu_choices(voice),
        province=province.name,
        centre=province.centre.name,
        where=where_to_find(province.centre.address, phone, voice),
    )
