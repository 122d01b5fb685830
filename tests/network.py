"""No test reaches beyond this machine.

An audit hook sees every look-up and connection of Python code, whichever library makes it.
"""

from __future__ import annotations

import ipaddress
import sys
from typing import Any


class OutsideWorld(RuntimeError):
    """A test tried to reach another machine."""


def stay_on_this_machine() -> None:
    """Refuse, for the rest of this process, connections to other machines."""
    sys.addaudithook(_refuse_other_machines)


def _refuse_other_machines(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        if not isinstance(address, tuple):
            return  # a Unix socket
        host = address[0]
    else:
        return
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if not _is_here(host):
        raise OutsideWorld(f"tests stay on this machine: {event} to {host!r}")


def _is_here(host: str | None) -> bool:
    if not host or host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
