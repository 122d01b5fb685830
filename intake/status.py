"""The life of a petition, in one table.

`TRANSITIONS` is the only place that says which action exists in which status, where it leads,
who may do it and which notice the citizen gets. Permissions, pages, the API and the diagram in
`docs/lifecycle.md` are all read from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class PetitionStatus(StrEnum):
    """Where a petition stands."""

    RECEIVED = "received"  # đã tiếp nhận
    AWAITING_INFORMATION = "awaiting_information"  # chờ bổ sung
    ACCEPTED = "accepted"  # đã thụ lý / đang xử lý
    SUSPENDED = "suspended"  # tạm đình chỉ
    ANSWERED = "answered"  # đã trả lời / đã có kết quả
    REJECTED = "rejected"  # không thụ lý
    GUIDED = "guided"  # đã hướng dẫn
    WITHDRAWN = "withdrawn"  # đã rút
    CLOSED = "closed"  # đã kết thúc

    @property
    def is_open(self) -> bool:
        """Whether the office still owes something."""
        return self in OPEN_STATUSES


OPEN_STATUSES = frozenset(
    {
        PetitionStatus.RECEIVED,
        PetitionStatus.AWAITING_INFORMATION,
        PetitionStatus.ACCEPTED,
        PetitionStatus.SUSPENDED,
    }
)


class Role(StrEnum):
    """What an officer is; `CITIZEN` and `SYSTEM` are the two actors who are no officers."""

    RECEPTION_DESK = "reception_desk"
    AGENCY_CLERK = "agency_clerk"
    HEAD = "head"
    REPORTING = "reporting"
    ADMINISTRATOR = "administrator"
    CITIZEN = "citizen"
    SYSTEM = "system"


HANDLING_ROLES = frozenset({Role.RECEPTION_DESK, Role.AGENCY_CLERK, Role.HEAD})
DECIDING_ROLES = frozenset({Role.HEAD, Role.AGENCY_CLERK})


class Action(StrEnum):
    """What can be done to a petition; the values are the names on the wire."""

    ACCEPT = "accept"
    REJECT = "reject"
    GUIDE = "guide"
    FORWARD = "forward"
    REROUTE = "reroute"
    RECLASSIFY = "reclassify"
    RECEIVE_SIGNED = "receive-signed"
    ASSIGN = "assign"
    REQUEST_INFORMATION = "request-information"
    ADD_INFORMATION = "add-information"
    EXTEND = "extend"
    SUSPEND = "suspend"
    RESUME = "resume"
    ANSWER = "answer"
    CLOSE = "close"
    REOPEN = "reopen"
    WITHDRAW = "withdraw"
    LINK = "link"
    RECORD_STEP = "record-step"
    TAKE_BACK_STEP = "take-back-step"


class NoticeKind(StrEnum):
    """What a citizen is told; each has its sentence in `bot` in every language."""

    FILED = "filed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    GUIDED = "guided"
    FORWARDED = "forwarded"
    SIGNED_RECEIVED = "signed_received"
    RECLASSIFIED = "reclassified"
    INFORMATION_REQUESTED = "information_requested"
    EXTENDED = "extended"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    ANSWERED = "answered"
    CLOSED = "closed"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"
    PART_WITHDRAWN = "part_withdrawn"
    DEADLINE_MISSED = "deadline_missed"
    REHOMED = "rehomed"


@dataclass(frozen=True)
class Transition:
    """One row of the table.

    `leads` maps each status in which the action exists to the one it leads to (the same one:
    the status stays). `event` names it in the timeline, past tense. `notice` None: the citizen
    hears nothing.
    """

    action: Action
    leads: Mapping[PetitionStatus, PetitionStatus]
    roles: frozenset[Role]
    event: str
    notice: NoticeKind | None


_S = PetitionStatus
_Leads = Mapping[PetitionStatus, PetitionStatus]


def _to(target: PetitionStatus, origins: Iterable[PetitionStatus]) -> _Leads:
    return dict.fromkeys(origins, target)


def _stays(origins: Iterable[PetitionStatus]) -> _Leads:
    return {origin: origin for origin in origins}


_WAITING = (_S.RECEIVED, _S.AWAITING_INFORMATION)
_OPEN = (*_WAITING, _S.ACCEPTED, _S.SUSPENDED)
_DECIDED = (_S.ANSWERED, _S.REJECTED, _S.GUIDED)
_SETTLED = (_S.ANSWERED, _S.REJECTED)
_CITIZEN_TOO = HANDLING_ROLES | {Role.CITIZEN}
_DESK_AND_HEAD = frozenset({Role.RECEPTION_DESK, Role.HEAD})

_ROWS = (
    Transition(
        Action.ACCEPT,
        _to(_S.ACCEPTED, _WAITING),
        HANDLING_ROLES,
        "petition_accepted",
        NoticeKind.ACCEPTED,
    ),
    Transition(
        Action.REQUEST_INFORMATION,
        {**_to(_S.AWAITING_INFORMATION, _WAITING), **_stays([_S.ACCEPTED])},
        HANDLING_ROLES,
        "information_requested",
        NoticeKind.INFORMATION_REQUESTED,
    ),
    Transition(
        Action.ADD_INFORMATION,
        {**_stays(_OPEN), **_to(_S.RECEIVED, [_S.AWAITING_INFORMATION])},
        _CITIZEN_TOO,
        "information_added",
        None,
    ),
    Transition(
        Action.RECEIVE_SIGNED,
        _to(_S.RECEIVED, _WAITING),
        HANDLING_ROLES,
        "signed_petition_received",
        NoticeKind.SIGNED_RECEIVED,
    ),
    Transition(
        Action.FORWARD,
        _to(_S.RECEIVED, _WAITING),
        HANDLING_ROLES,
        "petition_forwarded",
        NoticeKind.FORWARDED,
    ),
    Transition(
        Action.REROUTE,
        _stays(_WAITING),
        _DESK_AND_HEAD,
        "route_corrected",
        NoticeKind.FORWARDED,
    ),
    Transition(
        Action.RECLASSIFY,
        _stays(_WAITING),
        HANDLING_ROLES,
        "petition_reclassified",
        NoticeKind.RECLASSIFIED,
    ),
    Transition(
        Action.GUIDE,
        _to(_S.GUIDED, _WAITING),
        HANDLING_ROLES,
        "petitioner_guided",
        NoticeKind.GUIDED,
    ),
    Transition(
        Action.REJECT,
        _to(_S.REJECTED, _WAITING),
        HANDLING_ROLES,
        "petition_rejected",
        NoticeKind.REJECTED,
    ),
    Transition(
        Action.EXTEND,
        _stays([_S.ACCEPTED]),
        DECIDING_ROLES,
        "term_extended",
        NoticeKind.EXTENDED,
    ),
    Transition(
        Action.SUSPEND,
        _to(_S.SUSPENDED, [_S.ACCEPTED]),
        DECIDING_ROLES,
        "handling_suspended",
        NoticeKind.SUSPENDED,
    ),
    Transition(
        Action.RESUME,
        _to(_S.ACCEPTED, [_S.SUSPENDED]),
        DECIDING_ROLES,
        "handling_resumed",
        NoticeKind.RESUMED,
    ),
    Transition(
        Action.ANSWER,
        _to(_S.ANSWERED, (*_WAITING, _S.ACCEPTED)),
        HANDLING_ROLES,
        "petition_answered",
        NoticeKind.ANSWERED,
    ),
    Transition(
        Action.CLOSE,
        _to(_S.CLOSED, (*_DECIDED, _S.WITHDRAWN)),
        HANDLING_ROLES,
        "petition_closed",
        NoticeKind.CLOSED,
    ),
    Transition(
        Action.REOPEN,
        _to(_S.RECEIVED, (*_DECIDED, _S.CLOSED)),
        _DESK_AND_HEAD,
        "petition_reopened",
        NoticeKind.REOPENED,
    ),
    Transition(
        Action.WITHDRAW,
        _to(_S.WITHDRAWN, _OPEN),
        _CITIZEN_TOO,
        "petition_withdrawn",
        NoticeKind.WITHDRAWN,
    ),
    Transition(
        Action.ASSIGN,
        _stays(_OPEN),
        HANDLING_ROLES,
        "petition_assigned",
        None,
    ),
    Transition(
        Action.LINK,
        _stays(_S),
        HANDLING_ROLES,
        "petition_linked",
        None,
    ),
    Transition(
        Action.RECORD_STEP,
        _stays(_S),
        HANDLING_ROLES,
        "step_recorded",
        None,
    ),
    Transition(
        Action.TAKE_BACK_STEP,
        _stays(_S),
        HANDLING_ROLES,
        "step_taken_back",
        None,
    ),
)

TRANSITIONS: dict[Action, Transition] = {row.action: row for row in _ROWS}


def actions_from(status: PetitionStatus) -> list[Transition]:
    """The rows whose action exists in `status`, in the order of the table."""
    return [row for row in _ROWS if status in row.leads]


def lifecycle_diagram() -> str:
    """The table as a Mermaid state diagram; `docs/lifecycle.md` holds it and a test compares."""
    lines = ["stateDiagram-v2", "    [*] --> received: file"]
    for row in _ROWS:
        for origin, target in row.leads.items():
            if origin is not target:
                lines.append(f"    {origin} --> {target}: {row.action}")
    lines += ["    received --> received: forward", "    closed --> [*]"]
    return "\n".join(lines)
