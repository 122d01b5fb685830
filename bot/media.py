"""Files that citizens sent through a platform, fetched from the platform's own hosts only.

An address in a payload is somebody else's text. It is used only when its host is on the list, it
resolves to public addresses, and then the connection goes to exactly the address that was checked.
No redirect is followed, no byte is read beyond the cap. An address may hold a token or open the
file to anybody: it is never logged or shown.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import httpx

from bot.channel_data import limits

# Translators lead from here to any IPv4 address, inner ones included.
_TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))

ANY_HOST = "*"

Resolve = Callable[[str, int], Sequence[str]]
"""Host and port → the IP addresses it has, as text."""


class MediaRefused(Exception):
    """The address is none of ours, or what is there is not acceptable; trying again is no use."""


class MediaAway(Exception):
    """The platform did not give the file now."""


@dataclass(frozen=True)
class MediaSource:
    """Where files of a channel may come from.

    `hosts`: exact names, or with a leading dot everything below a name, or `ANY_HOST`.
    `private`: an address an operator set may be on the own network (a local Bot API server); one
    from a payload never.
    """

    hosts: tuple[str, ...]
    scheme: str = "https"
    port: int = 443
    private: bool = False


def any_public_host() -> MediaSource:
    """Wherever a civic program keeps its users' pictures, as long as it is out on the Internet."""
    return MediaSource((ANY_HOST,))


def zalo_source() -> MediaSource:
    """Zalo's file hosts."""
    return MediaSource(tuple(f".{host}" for host in limits("media")["zalo_hosts"]))


def source_of(address: str, *, private: bool) -> MediaSource:
    """The one host an operator's setting names."""
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return MediaSource((parts.hostname or "",), parts.scheme, port, private)


def resolve_all(host: str, port: int) -> Sequence[str]:
    """Every address of a host.

    Raises:
        MediaAway: the name does not resolve now.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise MediaAway("look-up") from error
    return [str(entry[4][0]) for entry in found]


class Fetcher:
    """Fetches files of one channel."""

    def __init__(self, source: MediaSource, *, resolve: Resolve = resolve_all) -> None:
        self._source = source
        self._resolve = resolve
        figures = limits("media")
        self._largest = int(figures["largest_bytes"])
        self._seconds = float(figures["whole_seconds"])
        self._timeout = httpx.Timeout(self._seconds, connect=float(figures["connect_seconds"]))

    def fetch(self, address: str) -> bytes:
        """The file's bytes.

        Raises:
            MediaRefused: the address, the answer or the size is not acceptable.
            MediaAway: no answer, or one that may be better later.
        """
        parts = self._checked(address)
        host = str(parts.hostname)
        pinned = self._pinned(host)
        shown = f"[{pinned}]" if ":" in pinned else pinned
        target = parts._replace(netloc=f"{shown}:{self._source.port}", fragment="").geturl()
        until = time.monotonic() + self._seconds
        try:
            with (
                # A proxy of the environment would resolve the name again, its own way.
                httpx.Client(timeout=self._timeout, trust_env=False) as client,
                client.stream(
                    "GET",
                    target,
                    headers={"Host": parts.netloc, "Accept-Encoding": "identity"},
                    extensions={"sni_hostname": host},
                    follow_redirects=False,
                ) as answer,
            ):
                return self._read(answer, until)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise MediaAway(type(error).__name__) from None  # its text quotes the address

    def _checked(self, address: str) -> SplitResult:
        if not address.isascii() or not address.isprintable() or " " in address:
            raise MediaRefused("characters")
        try:
            parts = urlsplit(address)
            port = parts.port
        except ValueError as error:
            raise MediaRefused("address") from error
        if "\\" in address or "@" in parts.netloc or parts.scheme != self._source.scheme:
            raise MediaRefused("address")
        if port not in (None, self._source.port):
            raise MediaRefused("port")
        host = (parts.hostname or "").lower()
        if not any(_covers(pattern, host) for pattern in self._source.hosts):
            raise MediaRefused("host")
        return parts

    def _pinned(self, host: str) -> str:
        found = self._resolve(host, self._source.port)
        if not found:
            raise MediaAway("look-up")
        if not self._source.private and not all(_is_public(address) for address in found):
            raise MediaRefused("private address")
        return found[0]

    def _read(self, answer: httpx.Response, until: float) -> bytes:
        if answer.status_code in (408, 425, 429) or answer.status_code >= 500:
            raise MediaAway(f"status {answer.status_code}")
        if answer.status_code != 200:
            raise MediaRefused(f"status {answer.status_code}")
        said = answer.headers.get("content-length", "")
        if said.isdigit() and int(said) > self._largest:
            raise MediaRefused("size")
        content = bytearray()
        for chunk in answer.iter_raw():
            content += chunk
            if len(content) > self._largest:
                raise MediaRefused("size")
            if time.monotonic() > until:
                raise MediaAway("too slow")
        return bytes(content)


def _covers(pattern: str, host: str) -> bool:
    if pattern == ANY_HOST:
        return bool(host)
    if pattern.startswith("."):
        return host.endswith(pattern) and len(host) > len(pattern)
    return bool(host) and host == pattern


def _is_public(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if any(parsed in network for network in _TRANSLATED if network.version == parsed.version):
        return False
    inner = getattr(parsed, "ipv4_mapped", None) or getattr(parsed, "sixtofour", None)
    return parsed.is_global and not parsed.is_multicast and (inner is None or inner.is_global)
