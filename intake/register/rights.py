"""Who may write in a register, state a zero, fix numbers, or see an agency's numbers."""

from __future__ import annotations

from collections.abc import Collection

from intake.directory import Directory
from intake.errors import NotAllowed, NotFound
from intake.officers import Officer
from intake.permissions import is_above, is_reception_centre
from intake.status import HANDLING_ROLES, Role

REGISTER_ROLES = HANDLING_ROLES


ENTRY_ROLES = HANDLING_ROLES | {Role.REPORTING}


STATEMENT_ROLES = frozenset({Role.REPORTING, Role.HEAD, Role.AGENCY_CLERK})


STATISTICS_ROLES = HANDLING_ROLES | {Role.REPORTING}


def check_can_register(officer: Officer, agency: str) -> None:
    """Whether the officer may write in the agency's register: visits and reception days.

    Raises:
        NotAllowed: wrong role, or another agency's register.
    """
    _check(officer, agency, REGISTER_ROLES, "register")


def check_can_enter(officer: Officer, agency: str) -> None:
    """Whether the officer may enter documents, dialogues, enforcement … of the agency.

    Raises:
        NotAllowed: wrong role, or another agency's register.
    """
    _check(officer, agency, ENTRY_ROLES, "register")


def check_can_state(officer: Officer, agency: str) -> None:
    """Whether the officer may state a zero or fix a period's numbers for the agency.

    Raises:
        NotAllowed: wrong role, or another agency's numbers.
    """
    _check(officer, agency, STATEMENT_ROLES, "state")


def can_register(officer: Officer, agency: str) -> bool:
    """Yes/no twin of `check_can_register`."""
    return _may(officer, agency, REGISTER_ROLES)


def can_state(officer: Officer, agency: str) -> bool:
    """Yes/no twin of `check_can_state`."""
    return _may(officer, agency, STATEMENT_ROLES)


def check_can_view_statistics(officer: Officer, agency: str, directory: Directory) -> None:
    """Twin of `can_view_statistics` that raises.

    Raises:
        NotFound: for every reason alike.
    """
    if not can_view_statistics(officer, agency, directory):
        raise NotFound(what="report")


def can_view_statistics(officer: Officer, agency: str, directory: Directory) -> bool:
    """Whether the officer may see an agency's numbers: the own ones, those of bodies below, and
    for the province's reception centre those of every body of the province."""
    if not officer.active or officer.role not in STATISTICS_ROLES:
        return False
    if officer.agency == agency:
        return True
    if officer.role not in (Role.REPORTING, Role.HEAD):
        return False
    return is_reception_centre(officer.agency, directory) or is_above(
        officer.agency, agency, directory
    )


def _may(officer: Officer, agency: str, roles: Collection[Role]) -> bool:
    return officer.active and officer.role in roles and officer.agency == agency


def _check(officer: Officer, agency: str, roles: Collection[Role], action: str) -> None:
    if not officer.active or officer.role not in roles:
        raise NotAllowed(role=officer.role, action=action, reason="role")
    if officer.agency != agency:
        raise NotAllowed(role=officer.role, action=action, reason="other_agency")
