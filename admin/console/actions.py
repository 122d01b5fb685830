"""An action's form and its sending; what was typed survives every refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from admin.action_forms import FORMS, perform
from admin.console.forms import NOTHING_TYPED, TheForm, Typed, fields_for
from admin.console.pages import page
from admin.console.timeline import rule_shown, told
from admin.context import Now, TheOffice, TheOfficer, Today
from admin.dossier import Dossier, open_dossier
from admin.errors import Problem, problem_of
from admin.paths import Paths
from admin.wording import DOCUMENT_WAYS
from intake.accounts import list_officers
from intake.actions import carries_documents
from intake.actions.acceptance import threshold_of
from intake.actions.answering import VERDICTS
from intake.clock import local_date
from intake.directory import Agency
from intake.documents import LARGEST, MOST, TYPES, hand_in, is_secret
from intake.errors import IntakeError, InvalidInput, NotFound, VersionConflict
from intake.grounds import grounds_for
from intake.office import Office
from intake.officers import Officer
from intake.permissions import can_view, check_can_act
from intake.petition import Petition, PetitionKind
from intake.status import HANDLING_ROLES, Action
from intake.store.petitions import get_petition

router = Paths()

_PREFIX = "/petitions/{reference}/actions"
# Actions whose effect a citizen reads at once and nobody can take back: a box must be ticked.
CONFIRMED = frozenset(
    {Action.REJECT, Action.GUIDE, Action.FORWARD, Action.ANSWER, Action.CLOSE, Action.WITHDRAW}
)
_MOST_AGENCIES = 8
_GROUND_PURPOSES = {Action.REJECT: "reject", Action.SUSPEND: "suspend", Action.EXTEND: "complex"}
_SEARCHING = "search"
DOCUMENT_FIELDS = tuple(f"document_{number}" for number in range(1, MOST + 1))


@router.get("/agencies")
def picker(
    request: Request,
    office: TheOffice,
    today: Today,
    agency_q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The choices of the agency picker for what was typed; a part of a page."""
    found = [row.agency for row in office.directory.by_name(agency_q, today, limit=_MOST_AGENCIES)]
    return page(request, "console/_agencies.html", agencies=found, picked="", asked=agency_q)


@router.get(_PREFIX + "/{action}")
def form(
    request: Request,
    reference: str,
    action: str,
    office: TheOffice,
    officer: TheOfficer,
    now: Now,
    ground: Annotated[str, Query(max_length=80)] = "",
    document: Annotated[str, Query(max_length=32)] = "",
) -> Response:
    """The form of one action, if the officer may take it now.

    `ground` and `document` (one the officer has kept) are ticked already.
    """
    if action not in set(Action):
        raise NotFound(what="action")
    wanted = Action(action)
    with office.store.read() as tx:
        check_can_act(officer, get_petition(tx, reference), wanted, office.directory)
    ticked = {"ground": [ground] if ground else [], "documents": [document] if document else []}
    values = {name: given for name, given in ticked.items() if given}
    return _Desk(request, office, officer, reference, now).shown(
        wanted, Typed(values) if values else NOTHING_TYPED
    )


def _sender(action: Action) -> Callable[..., Response]:
    def send(
        request: Request,
        reference: str,
        typed: TheForm,
        office: TheOffice,
        officer: TheOfficer,
        now: Now,
    ) -> Response:
        return _Desk(request, office, officer, reference, now).send(action, typed)

    return send


for _action in Action:
    router.post(f"{_PREFIX}/{_action}", name=f"send_{_action}")(_sender(_action))


class _Desk:
    """One officer's work on one petition in one request."""

    def __init__(
        self, request: Request, office: Office, officer: Officer, reference: str, now: datetime
    ) -> None:
        self.request = request
        self.office = office
        self.officer = officer
        self.reference = reference
        self.now = now

    def send(self, action: Action, typed: Typed) -> Response:
        """Take the action, or show the form again with the reason and everything typed.

        Files are kept first, so that no refusal makes anybody choose them again.
        """
        typed, refused = self._keep_files(action, typed)
        if refused or typed.ticked(_SEARCHING):
            return self.shown(action, typed, refused)
        try:
            if len(typed.all("documents")) > MOST:
                raise InvalidInput(field="documents", reason="too_many_documents")
            if action in CONFIRMED and not typed.ticked("confirm"):
                raise InvalidInput(field="confirm", reason="required")
            version = typed.one("version")
            if not (version.isascii() and version.isdigit()):
                raise InvalidInput(field="version", reason="malformed")
            form = FORMS[action].form
            changed = perform(
                self.office,
                self.officer,
                self.reference,
                action,
                form.model_validate(fields_for(form, typed)),
                version=int(version),
                now=self.now,
            )
        except NotFound:
            raise
        except (IntakeError, ValidationError) as error:
            return self.shown(action, typed, error)
        return RedirectResponse(self._after(changed, action), 303)

    def _keep_files(self, action: Action, typed: Typed) -> tuple[Typed, IntakeError | None]:
        """The form with its files kept and ticked, and why one of them was not."""
        kept: list[str] = []
        refused: IntakeError | None = None
        names = DOCUMENT_FIELDS if carries_documents(action) else ()
        for name in names:
            if name not in typed.files:
                continue
            file = typed.files[name]
            try:
                given = hand_in(
                    self.office, self.officer, self.reference, file.content, file.name,
                    now=self.now, field=name,
                )  # fmt: skip
            except NotFound:
                raise
            except IntakeError as error:
                refused = refused or error
            else:
                kept.append(given.uid)
        return typed.adding("documents", kept) if kept else typed, refused

    def shown(self, action: Action, typed: Typed, error: Exception | None = None) -> Response:
        """The form's page."""
        today = local_date(self.now)
        with self.office.store.read() as tx:
            dossier = open_dossier(self.office, tx, self.officer, self.reference, today=today)
            people = list_officers(tx)
        problem = problem_of(error) if error else None
        petition = dossier.petition
        return page(
            self.request,
            "console/action.html",
            status_code=problem.status if problem else 200,
            dossier=dossier,
            petition=petition,
            action=action,
            typed=typed,
            problem=problem,
            stale=isinstance(error, VersionConflict),
            possible=action in dossier.allowed,
            fields=_fields(action),
            confirm=action in CONFIRMED,
            alternatives=_alternatives(problem, dossier),
            choices=self._choices(action, dossier),
            agencies=self._agencies(typed, petition),
            document_fields=DOCUMENT_FIELDS,
            accepted_files=",".join(ending for endings in TYPES.values() for ending in endings),
            largest_file=LARGEST,
            document_way=document_way(petition),
            colleagues=[
                row
                for row in people
                if row.agency == petition.agency
                and row.role in HANDLING_ROLES
                and can_view(row, petition, self.office.directory)
            ],
            events=told(
                self.office,
                petition,
                dossier.timeline,
                {row.username: row.display_name for row in people},
                dossier.documents,
            )[:5],
        )

    def _choices(self, action: Action, dossier: Dossier) -> Mapping[str, Any]:
        """The values of fields that are picked from a list."""
        today = local_date(self.now)
        purpose = _GROUND_PURPOSES.get(action)
        petition = dossier.petition
        complaint = petition.kind.is_complaint
        return {
            "threshold": threshold_of(self.office, petition, today),
            "obstacles": grounds_for("obstacle", petition.kind, today) if complaint else (),
            "terms": [
                (rule.id, rule_shown(self.office, rule)) for rule in dossier.acceptance_terms
            ],
            "grounds": grounds_for(purpose, petition.kind, today) if purpose else (),
            "kinds": [kind for kind in PetitionKind if kind is not PetitionKind.OTHER],
            "verdicts": ()
            if petition.as_information
            else VERDICTS.get((petition.kind, petition.instance), ()),
        }

    def _agencies(self, typed: Typed, petition: Petition) -> Sequence[Agency]:
        """What the picker offers: what was searched for, else what the machine proposed."""
        today, directory = local_date(self.now), self.office.directory
        asked = typed.one("agency_q")
        if asked:
            return [row.agency for row in directory.by_name(asked, today, limit=_MOST_AGENCIES)]
        proposed = petition.routing.get("candidates")
        codes = [
            str(row["agency"])
            for row in (proposed if isinstance(proposed, list) else ())
            if isinstance(row, dict) and row.get("agency")
        ]
        codes += [typed.one("agency")] if typed.one("agency") else []
        present = {row.code: row for row in directory.on(today)}
        return [
            present[code]
            for code in dict.fromkeys(codes)
            if code in present and code != petition.agency
        ]

    def _after(self, changed: Petition, action: Action) -> str:
        if can_view(self.officer, changed, self.office.directory):
            return f"/console/petitions/{changed.reference}?done={action}"
        return f"/console/petitions?done={action}"


def _fields(action: Action) -> Sequence[tuple[str, bool]]:
    """The form's fields in order: (name, must be filled in)."""
    schema = FORMS[action].form
    rows = [(name, field.is_required()) for name, field in schema.model_fields.items()]
    # Documents stand in the base of the forms; on the page they come last.
    return sorted(rows, key=lambda row: row[0] == "documents")


def document_way(petition: Petition) -> str:
    """How documents will reach the petitioner: a key of `wording.DOCUMENT_WAYS`."""
    if is_secret(petition):
        return "secret"
    known = petition.conversation_id is not None and petition.source in DOCUMENT_WAYS
    return str(petition.source) if known else "elsewhere"


def _alternatives(problem: Problem | None, dossier: Dossier) -> list[Action]:
    """What the law allows instead, as far as this officer has a button for it."""
    allowed = problem.values.get("allowed", ()) if problem else ()
    return [Action(name) for name in allowed if Action(name) in dossier.allowed]
