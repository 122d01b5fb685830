"""What a request handler may ask for: the office, the caller, the time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated

from fastapi import Depends, Request

from admin.errors import Refusal
from intake.accounts import Session
from intake.clock import local_date
from intake.office import Office
from intake.officers import Officer

Clock = Callable[[], datetime]


def office_of(request: Request) -> Office:
    """The installation, with the officers' present calendar decisions."""
    office: Office = request.app.state.office
    return office


def caller_of(request: Request) -> Session:
    """The session the guard proved.

    Raises:
        Refusal: the policy row lets anyone in, so there is none.
    """
    caller: Session | None = getattr(request.state, "caller", None)
    if caller is None:
        raise Refusal("not-signed-in")
    return caller


def officer_of(request: Request) -> Officer:
    """The officer behind the request, as the account stands now."""
    return caller_of(request).officer


def now_of(request: Request) -> datetime:
    """The instant of the request; the application's clock can be set in tests."""
    clock: Clock = request.app.state.clock
    return clock()


def today_of(request: Request) -> date:
    """The civil day of the request."""
    return local_date(now_of(request))


TheOffice = Annotated[Office, Depends(office_of)]
TheCaller = Annotated[Session, Depends(caller_of)]
TheOfficer = Annotated[Officer, Depends(officer_of)]
Now = Annotated[datetime, Depends(now_of)]
Today = Annotated[date, Depends(today_of)]
