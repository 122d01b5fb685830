"""Files are fetched from the platforms' own hosts and nowhere else, whatever an address says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from bot.channel_data import limits
from bot.media import Fetcher, MediaAway, MediaRefused, MediaSource, source_of, zalo_source
from tests.fakes.server import Answer, Call, Fake


@dataclass
class FileHost(Fake):
    """A platform's file host."""

    content: bytes = b"x" * 100
    status: int = 200
    served: list[str] = field(default_factory=list)

    def answer(self, call: Call) -> Answer:
        self.served.append(call.headers["host"])
        return self.status, self.content


def fixed(*addresses: str) -> Callable[[str, int], Sequence[str]]:
    return lambda host, port: addresses


def fetcher_to(host: FileHost, name: str = "photo.zdn.vn") -> Fetcher:
    """A fetcher whose look-up leads to the fake, as an operator's own network may."""
    port = int(host.address.rpartition(":")[2])
    source = MediaSource((".zdn.vn",), "http", port, private=True)
    return Fetcher(source, resolve=fixed("127.0.0.1"))


TRICKS = [
    "http://photo.zdn.vn/a.jpg",
    "ftp://photo.zdn.vn/a.jpg",
    "file:///etc/passwd",
    "gopher://photo.zdn.vn/",
    "data:text/plain,x",
    "//photo.zdn.vn/a.jpg",
    "/a.jpg",
    "a.jpg",
    "",
    " https://photo.zdn.vn/a.jpg",
    "https://photo.zdn.vn/a b.jpg",
    "https://photo.zdn.vn/a\r\nHost: x",
    "https://photo.zdn.vn/a\t.jpg",
    "https://photo.zdn.vn\\@evil.example/",
    "https://evil.example/",
    "https://zdn.vn/",
    "https://.zdn.vn/",
    "https://evilzdn.vn/",
    "https://photo.zdn.vn.evil.example/",
    "https://evil.example/photo.zdn.vn",
    "https://evil.example?x=photo.zdn.vn",
    "https://evil.example#photo.zdn.vn",
    "https://photo.zdn.vn@evil.example/",
    "https://user:word@photo.zdn.vn/",
    "https://user@photo.zdn.vn/",
    "https://photo.zdn.vn:8443/",
    "https://photo.zdn.vn:80/",
    "https://photo.zdn.vn:x/",
    "https://photo.zdn.vn:99999/",
    "https://photo.zdn.vn./",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[fe80::1%25eth0]/",
    "https://[::1]:443/",
    "https://[/",
    "https://localhost/",
    "https://0.0.0.0/",
    "https://169.254.169.254/latest/meta-data/",
    "https://10.0.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://photo。zdn。vn/",
    "https://phоto.zdn.vn/",
    "https://ⓩdn.vn/",
    "https://photo.zdn.vn\u202e/",
    "https://photo.zdn.vn%00.evil.example/",
    "https://photo%2ezdn.vn/",
    "https:photo.zdn.vn/",
    "https:/photo.zdn.vn/",
    "https:///photo.zdn.vn/",
    "HTTP://photo.zdn.vn/",
    "javascript:alert(1)",
    "https://photo.zdn.vn" + "\x00" + "/",
]
PRIVATE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255",
    "192.168.0.1", "169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1", "fc00::1",
    "fd00:ec2::254", "ff02::1", "2001:db8::1", "2002:7f00:1::",
    "64:ff9b::a00:1", "64:ff9b:1::1", "fe80::1%eth0",
    "nonsense",
]  # fmt: skip


@pytest.mark.parametrize("address", TRICKS)
def test_an_address_that_is_not_a_platforms_own_is_refused_without_a_look_up(address: str) -> None:
    def never(host: str, port: int) -> Sequence[str]:
        raise AssertionError(f"looked up {host}")

    with pytest.raises(MediaRefused):
        Fetcher(zalo_source(), resolve=never).fetch(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_platforms_name_that_leads_inside_is_refused(address: str) -> None:
    with pytest.raises(MediaRefused):
        Fetcher(zalo_source(), resolve=fixed(address)).fetch("https://photo.zdn.vn/a.jpg")


def test_one_inner_address_among_good_ones_spoils_them_all() -> None:
    with pytest.raises(MediaRefused):
        Fetcher(zalo_source(), resolve=fixed("1.1.1.1", "10.0.0.1")).fetch(
            "https://photo.zdn.vn/a.jpg"
        )


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    asked: list[str] = []

    def once(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]  # what rebinding would give

    with FileHost() as host:
        port = int(host.address.rpartition(":")[2])
        source = MediaSource((".zdn.vn",), "http", port, private=True)
        content = Fetcher(source, resolve=once).fetch(f"http://photo.zdn.vn:{port}/a.jpg")

        assert content == host.content
        assert asked == ["photo.zdn.vn"]
        assert host.served == [f"photo.zdn.vn:{port}"]


def test_no_redirect_is_followed() -> None:
    with FileHost(status=302, content=b"") as host:
        port = host.address.rpartition(":")[2]
        with pytest.raises(MediaRefused):
            fetcher_to(host).fetch(f"http://photo.zdn.vn:{port}/a.jpg")
        assert len(host.served) == 1


@pytest.mark.parametrize(("status", "error"), [(404, MediaRefused), (410, MediaRefused),
                                               (403, MediaRefused), (500, MediaAway),
                                               (503, MediaAway), (429, MediaAway)])  # fmt: skip
def test_what_may_be_better_later_is_told_from_what_is_gone(
    status: int, error: type[Exception]
) -> None:
    with FileHost(status=status) as host:
        port = host.address.rpartition(":")[2]
        with pytest.raises(error):
            fetcher_to(host).fetch(f"http://photo.zdn.vn:{port}/a.jpg")


def test_no_byte_beyond_the_cap_is_kept() -> None:
    with FileHost(content=b"x" * (int(limits("media")["largest_bytes"]) + 1)) as host:
        port = host.address.rpartition(":")[2]
        with pytest.raises(MediaRefused):
            fetcher_to(host).fetch(f"http://photo.zdn.vn:{port}/a.jpg")


def test_an_error_never_quotes_the_address() -> None:
    source = source_of("http://127.0.0.1:1/file/bot123:SECRET", private=True)
    with pytest.raises(MediaAway) as caught:
        Fetcher(source).fetch("http://127.0.0.1:1/file/bot123:SECRET/photos/a.jpg")

    assert "SECRET" not in repr(caught.value)
    assert caught.value.__cause__ is None
