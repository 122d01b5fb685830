"""Officers: who they are, for permissions and for the timeline."""

from __future__ import annotations

from dataclasses import dataclass

from intake.status import Role


@dataclass(frozen=True)
class Officer:
    """An officer of one agency. `handles_denunciations`: cleared by the head for denunciations."""

    id: int
    username: str
    display_name: str
    role: Role
    agency: str
    handles_denunciations: bool
    active: bool


@dataclass(frozen=True)
class Actor:
    """Who did something, as the timeline keeps it; a citizen is never named."""

    role: Role
    name: str  # officer's username; "" for citizen and system


CITIZEN = Actor(Role.CITIZEN, "")
SYSTEM = Actor(Role.SYSTEM, "")


def actor_of(officer: Officer) -> Actor:
    """The officer as an actor of the timeline."""
    return Actor(officer.role, officer.username)
