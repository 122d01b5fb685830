"""All pages of the console."""

from __future__ import annotations

from admin.console import (
    account,
    actions,
    calendar,
    letters,
    notices,
    officers,
    overview,
    petition,
    queue,
    second_factor,
    sign_in,
)
from admin.paths import Paths

ROUTERS: tuple[Paths, ...] = tuple(
    part.router
    for part in (
        sign_in,
        queue,
        overview,
        notices,
        petition,
        actions,
        letters,
        account,
        second_factor,
        officers,
        calendar,
    )
)
