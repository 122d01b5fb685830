"""Who may see and do what. Each rule is a check that raises the reason, and a yes/no twin.

Where a petition stands is `status.py`'s business, what the law allows is `actions/`'s; here it is
only about the person. Deny by default.
"""

from __future__ import annotations

from intake.directory import Directory
from intake.errors import NotAllowed, NotFound, WrongStatus
from intake.officers import Officer
from intake.petition import Petition
from intake.status import HANDLING_ROLES, TRANSITIONS, Action, Role

# An accused body's own chain is walked this far; no Vietnamese chain is deeper.
_CHAIN = 8


def check_can_view(officer: Officer, petition: Petition, directory: Directory) -> None:
    """Whether the officer may know that the petition exists.

    Raises:
        NotFound: for every reason alike, so that the answer tells nothing.
    """
    if not can_view(officer, petition, directory):
        raise NotFound(what="petition")


def can_view(officer: Officer, petition: Petition, directory: Directory) -> bool:
    """Yes/no twin of `check_can_view`."""
    if not officer.active or officer.role not in HANDLING_ROLES:
        return False
    if petition.accused and is_accused_side(officer.agency, petition.accused, directory):
        return False
    if petition.kind.may_hold_denunciation and not officer.handles_denunciations:
        return False
    if petition.agency == officer.agency:
        return True
    if petition.agency is None:
        return officer.role is Role.RECEPTION_DESK
    if officer.role is Role.RECEPTION_DESK:
        return not petition.kind.may_hold_denunciation and is_reception_centre(
            officer.agency, directory
        )
    return officer.role is Role.HEAD and is_above(officer.agency, petition.agency, directory)


def check_can_act(
    officer: Officer, petition: Petition, action: Action, directory: Directory
) -> None:
    """Whether the officer may do `action` to the petition as it stands.

    Raises:
        NotFound: the officer may not even see it.
        NotAllowed: wrong role, or the petition is another agency's.
        WrongStatus: the action does not exist in this status.
    """
    check_can_view(officer, petition, directory)
    row = TRANSITIONS[action]
    if officer.role not in row.roles:
        raise NotAllowed(role=officer.role, action=action, reason="role")
    own = petition.agency in (None, officer.agency)
    centre = officer.role is Role.RECEPTION_DESK and is_reception_centre(officer.agency, directory)
    if not own and not (centre and action in _DESK_ACTIONS):
        raise NotAllowed(role=officer.role, action=action, reason="other_agency")
    if petition.status not in row.leads:
        raise WrongStatus(action=action, status=petition.status)


def can_act(officer: Officer, petition: Petition, action: Action, directory: Directory) -> bool:
    """Yes/no twin of `check_can_act`, for pages."""
    try:
        check_can_act(officer, petition, action, directory)
    except (NotFound, NotAllowed, WrongStatus):
        return False
    return True


def can_see_identity(officer: Officer, petition: Petition) -> bool:
    """Whether identity and contact are shown: to the handling agency, and of what may hold a
    denunciation only to cleared officers (Luật TC Điều 8 k3, Điều 56)."""
    if officer.role not in HANDLING_ROLES or petition.agency not in (None, officer.agency):
        return False
    return not petition.kind.may_hold_denunciation or officer.handles_denunciations


def is_reception_centre(agency: str, directory: Directory) -> bool:
    """Whether the agency's reception desk serves the whole province (Ban Tiếp công dân)."""
    return agency in directory.province.reception_centres


def is_above(superior: str, agency: str, directory: Directory) -> bool:
    """Whether `superior` stands above `agency` in the directory's chain."""
    return superior in _chain(agency, directory)


def is_accused_side(agency: str, accused: tuple[str, ...], directory: Directory) -> bool:
    """Whether `agency` is accused, or answers to an accused body."""
    return agency in accused or any(above in accused for above in _chain(agency, directory))


def accused_side_of(agency: str, directory: Directory) -> tuple[str, ...]:
    """The codes whose accusation hides a petition from `agency`: itself and those above it."""
    return (agency, *_chain(agency, directory))


def _chain(agency: str, directory: Directory) -> list[str]:
    above: list[str] = []
    code: str | None = agency
    for _ in range(_CHAIN):
        found = directory.superior_code(code) if code else None
        if found is None or found in above:
            break
        above.append(found)
        code = found
    return above


# What the province's reception desk does for other agencies' petitions; decisions stay theirs.
_DESK_ACTIONS = frozenset(
    {Action.REROUTE, Action.RECEIVE_SIGNED, Action.RECLASSIFY, Action.LINK, Action.GUIDE}
)
