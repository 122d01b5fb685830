"""What each action asks for: one schema an action, shared by the API and the console's forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from intake import actions
from intake.accounts import get_officer
from intake.documents import MOST
from intake.errors import InvalidInput, NotFound
from intake.notices import newest_notice
from intake.office import Office
from intake.officers import Officer
from intake.petition import Petition, PetitionKind
from intake.status import Action
from intake.store.engine import Transaction
from intake.store.petitions import get_petition


def _absent(value: object) -> object:
    """An empty form field is an absent one."""
    return None if value == "" else value


OptionalDay = Annotated[date | None, BeforeValidator(_absent)]
OptionalTime = Annotated[time | None, BeforeValidator(_absent)]
# The bounds stand inside the union: an absent number has none.
OptionalPeople = Annotated[Annotated[int, Field(ge=1, le=100_000)] | None, BeforeValidator(_absent)]
OptionalRepresentatives = Annotated[
    Annotated[int, Field(ge=1, le=100)] | None, BeforeValidator(_absent)
]
OptionalInstance = Annotated[Annotated[int, Field(ge=1, le=2)] | None, BeforeValidator(_absent)]
OptionalCode = Annotated[str | None, BeforeValidator(_absent)]
Document = Annotated[str, Field(max_length=80, description="number of the document, if any")]
Code = Annotated[str, Field(min_length=1, max_length=80)]
Sentence = Annotated[str, Field(min_length=1, max_length=4_000)]


class Form(BaseModel):
    """Base of all forms: unknown fields are refused, texts are trimmed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Telling(Form):
    """Base of the forms of all actions that tell the citizen something.

    `documents`: what goes with the notice, by the `uid` of each upload (at most three).
    """

    documents: list[Code] = Field(
        default_factory=list,
        description="uids of uploads to the petition, sent behind the notice in this order",
        json_schema_extra={"maxItems": MOST},
    )


class Accept(Telling):
    """Thụ lý. `on`: day of acceptance, default today.

    Of a group: `representatives`, `appointment`, `all_signed`. Of a complaint: `decision_known_on`
    (second instance: the first decision's receipt, or with `first_unsettled` the end of the first
    term), `first_decision_number`, `obstacle` (a ground of that purpose), `acceptance_rule` (which
    term applies to a complaint received under the earlier one).
    """

    on: OptionalDay = None
    document_number: Document = ""
    representatives: OptionalRepresentatives = None
    appointment: bool | None = None
    all_signed: bool | None = None
    decision_known_on: OptionalDay = None
    first_decision_number: Document = ""
    first_unsettled: bool = False
    obstacle: OptionalCode = None
    acceptance_rule: OptionalCode = None


class Reject(Telling):
    """Không thụ lý. `ground`: a code of `/api/v1/grounds?purpose=reject`."""

    ground: Code
    document_number: Document = ""
    explanation: Annotated[str, Field(max_length=4_000)] = ""


class Guide(Telling):
    """Hướng dẫn. `agency`: the competent body's code, courts included."""

    agency: Code
    explanation: Sentence
    document_number: Document = ""


class Forward(Telling):
    """Chuyển đơn. `agency`: the competent agency's code."""

    agency: Code
    reason: Sentence
    document_number: Document = ""


class Reroute(Telling):
    """Correct the machine's route before anybody worked on the petition."""

    agency: Code


class Reclassify(Telling):
    """Correct kind, instance, field codes or facts by the content.

    `as_information`: an anonymous denunciation, handled outside the Law on Denunciations.
    `other_competence`: this agency is not competent. `acceptance_rule`: see `accept`. The other
    facts are those of `law/names.toml` with the same names.
    """

    kind: PetitionKind
    instance: OptionalInstance = None
    fields: list[Code] | None = None
    remote: bool | None = None
    several_places: bool | None = None
    dismissal: bool | None = None
    as_information: bool | None = None
    other_competence: bool | None = None
    forwarded_by_elected_body: bool | None = None
    presented_in_person: bool | None = None
    already_sent_to_competent_body: bool | None = None
    state_secret: bool | None = None
    acceptance_rule: OptionalCode = None


class ReceiveSigned(Telling):
    """The signed petition has come. `on`: the day it came; `people`: signatories.

    Of a group: `representatives`, and whether their written `appointment` and everybody's signature
    are there. `anonymous`: the paper too leaves open who wrote it.
    """

    on: date
    people: OptionalPeople = None
    representatives: OptionalRepresentatives = None
    appointment: bool = False
    all_signed: bool = False
    anonymous: bool = False


class Assign(Form):
    """Phân công. `to`: username of an officer of the same agency."""

    to: Code


class RequestInformation(Telling):
    """Ask the citizen; the question reaches the same chat."""

    message: Annotated[str, Field(min_length=1, max_length=1_500)]


class AddInformation(Form):
    """Record what the citizen added by telephone or in person."""

    text: Annotated[str, Field(min_length=1, max_length=20_000)]


class Extend(Telling):
    """Gia hạn. `criteria`: codes of `/api/v1/grounds?purpose=complex`."""

    document_number: Code
    criteria: Annotated[list[Code], Field(min_length=1)]
    on: OptionalDay = None


class Suspend(Telling):
    """Tạm đình chỉ. `ground`: a code of `/api/v1/grounds?purpose=suspend`."""

    ground: Code
    document_number: Code
    on: OptionalDay = None


class Resume(Telling):
    """Go on after a suspension."""

    document_number: Code
    on: OptionalDay = None


class Remedies(Form):
    """What a decision recovers or returns: million đồng, m², organisations, people."""

    state_money: Annotated[float, Field(ge=0)] = 0
    state_land: Annotated[float, Field(ge=0)] = 0
    returned_money: Annotated[float, Field(ge=0)] = 0
    returned_land: Annotated[float, Field(ge=0)] = 0
    returned_organisations: Annotated[int, Field(ge=0)] = 0
    returned_people: Annotated[int, Field(ge=0)] = 0
    disciplined_organisations: Annotated[int, Field(ge=0)] = 0
    disciplined_people: Annotated[int, Field(ge=0)] = 0
    disciplined_officials: Annotated[int, Field(ge=0)] = 0
    police_cases: Annotated[int, Field(ge=0)] = 0
    police_people: Annotated[int, Field(ge=0)] = 0
    police_officials: Annotated[int, Field(ge=0)] = 0


class Answer(Telling):
    """Trả lời. `verdict`: for complaints and denunciations, by kind and instance."""

    text: Annotated[str, Field(min_length=1, max_length=20_000)]
    document_number: Document = ""
    verdict: OptionalCode = None
    on: OptionalDay = None
    remedies: Remedies = Field(default_factory=Remedies)


class Close(Telling):
    """Kết thúc: nothing to fill in."""


class Reopen(Telling):
    """Mở lại."""

    reason: Sentence


class Withdraw(Telling):
    """Rút đơn, received in writing. `goes_on`: a denunciation is handled all the same.

    `part`: only some of the content; `people`: how many of the petitioners (default all);
    `termination_number`: of the decision that terminates an accepted petition.
    """

    document_number: Document = ""
    part: bool = False
    people: OptionalPeople = None
    termination_number: Document = ""
    goes_on: bool = False


class Link(Form):
    """Gộp vụ việc. `to`: the other petition's reference."""

    to: Code


class RecordStep(Form):
    """An obligation was fulfilled, or something came about from which the law counts.

    `event`: one of the petition's `steps_owed` or `occurrences`; `at`: time of day, HH:MM, of an
    online reception.
    """

    event: Code
    on: OptionalDay = None
    at: OptionalTime = None
    document_number: Document = ""


class TakeBackStep(Form):
    """What was recorded by mistake is taken back.

    `step`: id of one of the petition's `steps_recorded`; `mistake`: wrong_day, wrong_step,
    wrong_petition or not_done.
    """

    step: int
    mistake: Code


@dataclass(frozen=True)
class Call:
    """One action on one petition by one officer, in the caller's transaction."""

    office: Office
    tx: Transaction
    officer: Officer
    reference: str
    now: datetime
    version: int

    @property
    def shared(self) -> dict[str, Any]:
        """What every action takes by keyword."""
        return {"now": self.now, "version": self.version}

    @property
    def place(self) -> tuple[Office, Transaction, Officer, str]:
        """What every officer's action takes first."""
        return (self.office, self.tx, self.officer, self.reference)


@dataclass(frozen=True)
class ActionForm:
    """An action with the form it asks for and the call it becomes."""

    form: type[Form]
    run: Callable[[Call, Any], Petition]


# Goes behind the notice, whatever the action is; the action itself does not know of it.
_BEHIND = {"documents"}


def _assign(call: Call, form: Assign) -> Petition:
    try:
        to = get_officer(call.tx, form.to)
    except NotFound as error:
        raise InvalidInput(field="to", reason="unknown") from error
    return actions.assign(*call.place, to=to, **call.shared)


def _answer(call: Call, form: Answer) -> Petition:
    remedies = {name: amount for name, amount in form.remedies.model_dump().items() if amount}
    given = actions.Answer(form.text, form.document_number, form.verdict, form.on, remedies)
    return actions.answer(*call.place, given, **call.shared)


def _accept(call: Call, form: Accept) -> Petition:
    found = form.model_dump(exclude={"on", "document_number", *_BEHIND})
    return actions.accept(
        *call.place,
        on=form.on,
        document_number=form.document_number,
        file=actions.CheckedFile(**found),
        **call.shared,
    )


def _reclassify(call: Call, form: Reclassify) -> Petition:
    other = form.other_competence
    told = form.model_dump(include=set(actions.FACTS), exclude_none=True)
    return actions.reclassify(
        *call.place,
        kind=form.kind,
        instance=form.instance,
        fields=form.fields,
        remote=form.remote,
        several_places=form.several_places,
        dismissal=form.dismissal,
        own_competence=None if other is None else not other,
        facts=told,
        acceptance_rule=form.acceptance_rule,
        as_information=form.as_information,
        **call.shared,
    )


def _add_information(call: Call, form: AddInformation) -> Petition:
    return actions.add_information(
        call.office, call.tx, call.reference, text=form.text, officer=call.officer, **call.shared
    )


def _withdraw(call: Call, form: Withdraw) -> Petition:
    return actions.withdraw(
        call.office,
        call.tx,
        call.reference,
        officer=call.officer,
        **form.model_dump(exclude=_BEHIND),
        **call.shared,
    )


def _plain(action: Callable[..., Petition]) -> Callable[[Call, Any], Petition]:
    def run(call: Call, form: Form) -> Petition:
        return action(*call.place, **form.model_dump(exclude=_BEHIND), **call.shared)

    return run


FORMS: Mapping[Action, ActionForm] = {
    Action.ACCEPT: ActionForm(Accept, _accept),
    Action.REJECT: ActionForm(Reject, _plain(actions.reject)),
    Action.GUIDE: ActionForm(Guide, _plain(actions.guide)),
    Action.FORWARD: ActionForm(Forward, _plain(actions.forward)),
    Action.REROUTE: ActionForm(Reroute, _plain(actions.reroute)),
    Action.RECLASSIFY: ActionForm(Reclassify, _reclassify),
    Action.RECEIVE_SIGNED: ActionForm(ReceiveSigned, _plain(actions.receive_signed)),
    Action.ASSIGN: ActionForm(Assign, _assign),
    Action.REQUEST_INFORMATION: ActionForm(RequestInformation, _plain(actions.request_information)),
    Action.ADD_INFORMATION: ActionForm(AddInformation, _add_information),
    Action.EXTEND: ActionForm(Extend, _plain(actions.extend)),
    Action.SUSPEND: ActionForm(Suspend, _plain(actions.suspend)),
    Action.RESUME: ActionForm(Resume, _plain(actions.resume)),
    Action.ANSWER: ActionForm(Answer, _answer),
    Action.CLOSE: ActionForm(Close, _plain(actions.close)),
    Action.REOPEN: ActionForm(Reopen, _plain(actions.reopen)),
    Action.WITHDRAW: ActionForm(Withdraw, _withdraw),
    Action.LINK: ActionForm(Link, _plain(actions.link)),
    Action.RECORD_STEP: ActionForm(RecordStep, _plain(actions.record_step)),
    Action.TAKE_BACK_STEP: ActionForm(TakeBackStep, _plain(actions.take_back_step)),
}


def perform(
    office: Office,
    officer: Officer,
    reference: str,
    action: Action,
    form: Form,
    *,
    version: int,
    now: datetime,
) -> Petition:
    """Run one action in a transaction of its own, its documents with it.

    Raises:
        IntakeError: whatever the action refuses; nothing was changed then.
    """
    documents = form.documents if isinstance(form, Telling) else []
    with office.store.write() as tx:
        call = Call(office, tx, officer, reference, now, version)
        told = newest_notice(tx, get_petition(tx, reference).id)[0] if documents else 0
        changed = FORMS[action].run(call, form)
        if documents:
            actions.give_documents(office, tx, officer, changed, documents, after=told, now=now)
        return changed
