"""Files and the antivirus program: seen, held while it is away, put away when infected."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from bot.antivirus import Antivirus, AntivirusAway, Clamd, NotScanned
from intake.attachment_commands import original
from intake.attachments import (
    CheckedFile,
    add_attachment,
    attachments_of,
    check_file,
    read_attachment,
    read_stored,
    write_file,
)
from intake.conversations import Sender, messages_since, open_conversation
from intake.errors import InvalidInput, NotFound, SetupRefused
from intake.office import Office
from intake.petition import Attachment, Petition, Scan
from intake.store.tables import outbox
from intake.timeline import entries_of
from tests.factories import NOW, build_office, file
from tests.fakes.clamd import EICAR, FakeClamd

CLEAN = b"%PDF-1.7\n%%EOF\n"
INFECTED = b"%PDF-1.7\n" + EICAR + b"\n%%EOF\n"
VOICE = b"OggS\x00\x02" + b"\x00" * 64


@pytest.fixture
def clamd() -> Iterator[FakeClamd]:
    with FakeClamd() as running:
        yield running


@pytest.fixture
def office(database_url: str, tmp_path: Path, clamd: FakeClamd) -> Iterator[Office]:
    opened = guarded(build_office(database_url, tmp_path), clamd.url)
    yield opened
    opened.store.close()


def guarded(office: Office, url: str) -> Office:
    return replace(office, settings=office.settings.model_copy(update={"clamd_url": url}))


def sent(office: Office, content: bytes, *, channel: str = "web", name: str = "đơn.pdf") -> int:
    """A file sent into a conversation, not yet in a petition; the conversation's id."""
    checked = check_file(content, name)
    digest = write_file(office, checked)
    sender = Sender(channel, "", "77")
    with office.store.write() as tx:
        found = open_conversation(office.store, tx, office.sealer, sender, language="vi", now=NOW)
        add_attachment(office, tx, checked, digest, conversation_id=found.id, now=NOW)
    return found.id


def attached(office: Office, content: bytes) -> Petition:
    checked = check_file(content, "đơn.pdf")
    digest = write_file(office, checked)
    with office.store.write() as tx:
        uid = add_attachment(office, tx, checked, digest, conversation_id=None, now=NOW)
    return file(office, attachments=(uid,))


def only_file(office: Office, petition: Petition) -> Attachment:
    with office.store.read() as tx:
        (found,) = attachments_of(office, tx, petition.id)
    return found


@pytest.mark.parametrize("where", ["unix", "tcp"])
def test_the_program_is_asked_over_either_kind_of_socket(tmp_path: Path, where: str) -> None:
    with FakeClamd(tmp_path / "clamd.ctl" if where == "unix" else None) as fake:
        program = Clamd(fake.url)

        assert program.scan(CLEAN) == ""
        assert program.scan(INFECTED) == "Eicar-Test-Signature"
        assert program.scan(b"x" * 300_000) == ""
        assert fake.seen[-1] == 300_000


def test_a_file_beyond_the_programs_own_limit_is_not_called_clean() -> None:
    with FakeClamd(limit=1_000) as fake, pytest.raises(NotScanned, match="size limit"):
        Clamd(fake.url).scan(b"x" * 5_000_000)


def test_a_program_that_is_away_says_nothing_about_a_file(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for address in (f"tcp://127.0.0.1:{port}", f"unix://{tmp_path / 'nobody'}"):
        with pytest.raises(AntivirusAway):
            Clamd(address).scan(CLEAN)


@pytest.mark.parametrize(
    "address", ["clamd", "tcp://host", "unix:clamd", "http://x:1", "tcp://h:x"]
)
def test_a_malformed_address_is_refused_at_start(address: str) -> None:
    with pytest.raises(SetupRefused):
        Clamd(address)


def test_a_clean_file_reaches_officers_and_only_after_it_was_seen(office: Office) -> None:
    petition = attached(office, CLEAN)
    with pytest.raises(InvalidInput) as refused:
        read_attachment(office, only_file(office, petition))
    assert refused.value.values["reason"] == "not_scanned"

    assert Antivirus(office).scan_waiting() == 1

    seen = only_file(office, petition)
    assert seen.scan is Scan.CLEAN
    assert read_attachment(office, seen) == CLEAN


def test_an_infected_file_reaches_nobody_and_the_timeline_says_so(office: Office) -> None:
    petition = attached(office, INFECTED)

    Antivirus(office).scan_waiting()

    found = only_file(office, petition)
    assert (found.scan, found.finding) == (Scan.INFECTED, "Eicar-Test-Signature")
    with pytest.raises(InvalidInput) as refused:
        read_attachment(office, found)
    assert refused.value.values["reason"] == "infected"
    with office.store.read() as tx:
        last = entries_of(tx, petition.id)[-1]
    assert last.event == "file_quarantined"
    assert last.values == {"finding": "Eicar-Test-Signature"}


@pytest.mark.parametrize(("channel", "queued"), [("web", 0), ("zalo_oa", 1)])
def test_who_sent_an_infected_file_is_told_once(office: Office, channel: str, queued: int) -> None:
    conversation_id = sent(office, INFECTED, channel=channel)
    rung: list[None] = []
    antivirus = Antivirus(office, told=lambda: rung.append(None))

    antivirus.scan_waiting()
    antivirus.scan_waiting()

    sender = Sender(channel, "", "77")
    with office.store.write() as tx:
        mine = open_conversation(office.store, tx, office.sealer, sender, language="vi", now=NOW)
        (told,) = messages_since(tx, office.sealer, mine, after=0)
        waiting = tx.execute(select(outbox.c.conversation_id)).scalars().all()
    assert "“đơn.pdf”" in told.content["text"]
    assert "mã độc" in told.content["text"]
    assert list(waiting) == [conversation_id] * queued
    assert len(rung) == 1


def test_files_wait_while_the_program_is_away_and_are_seen_when_it_is_back(
    office: Office, clamd: FakeClamd
) -> None:
    petition = attached(office, CLEAN)
    away = Antivirus(guarded(office, "tcp://127.0.0.1:1"))
    with pytest.raises(AntivirusAway):
        away.scan_waiting()
    assert only_file(office, petition).scan is Scan.WAITING

    assert Antivirus(office).scan_waiting() == 1
    assert only_file(office, petition).scan is Scan.CLEAN


def test_one_file_the_program_refuses_holds_up_no_other(office: Office, clamd: FakeClamd) -> None:
    clamd.limit = 100
    large, small = attached(office, CLEAN + b"0" * 500), attached(office, CLEAN)

    assert Antivirus(office).scan_waiting() == 1

    assert only_file(office, large).scan is Scan.WAITING
    assert only_file(office, small).scan is Scan.CLEAN


def test_without_a_program_files_are_given_out_unscanned(sqlite_url: str, tmp_path: Path) -> None:
    office = build_office(sqlite_url, tmp_path)
    petition = attached(office, CLEAN)

    assert Antivirus(office).scan_waiting() == 0

    assert only_file(office, petition).scan is Scan.WAITING
    assert read_attachment(office, only_file(office, petition)) == CLEAN
    office.store.close()


def test_the_thread_looks_by_itself(office: Office) -> None:
    petition = attached(office, CLEAN)
    antivirus = Antivirus(office)
    antivirus.start()
    try:
        while only_file(office, petition).scan is Scan.WAITING:
            pass
    finally:
        antivirus.stop()


def test_nothing_of_a_file_lies_open_in_the_store(office: Office) -> None:
    sent(office, CLEAN + b"canary-content")

    stored = [p for p in (office.settings.data_dir / "attachments").rglob("*") if p.is_file()]
    assert stored
    assert all(b"canary-content" not in path.read_bytes() for path in stored)


def test_what_came_is_kept_beside_a_picture_written_anew(office: Office) -> None:
    from tests.integration.test_chat_http import photo

    original = photo()
    petition = attached(office, original)

    found = only_file(office, petition)
    assert found.original_sha256 is not None
    assert read_stored(office, found.original_sha256) == original
    assert read_stored(office, found.sha256) != original


def test_a_recording_is_to_be_heard_until_an_officer_took_it(office: Office) -> None:
    recording = only_file(office, attached(office, VOICE))
    paper = only_file(office, attached(office, CLEAN))

    assert recording.to_be_heard
    assert not paper.to_be_heard
    assert not replace(recording, taken=True).to_be_heard


def test_a_checked_file_remembers_what_came_only_where_it_was_changed() -> None:
    assert check_file(CLEAN, "a.pdf") == CheckedFile(CLEAN, "application/pdf", "a.pdf")


def test_taking_what_came_is_recorded(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    petition = attached(office, INFECTED)
    monkeypatch.setattr("intake.attachment_commands.open_office", lambda settings: office)

    taken = CliRunner().invoke(original, [only_file(office, petition).uid])
    unknown = CliRunner().invoke(original, ["0" * 32])

    assert taken.exception is None, taken.exception
    assert taken.stdout_bytes == INFECTED
    assert isinstance(unknown.exception, NotFound)
    with office.store.read() as tx:
        assert entries_of(tx, petition.id)[-1].event == "original_file_taken"
