"""Digests by e-mail: what they say, when they go out, and what happens when the server is away."""

import socketserver
import threading
from contextlib import closing, contextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from sqlalchemy import select

from admin.notify import mail
from admin.notify.commands import do_due_work
from intake.accounts import get_officer
from intake.errors import InvalidInput
from intake.officer_contacts import set_email
from intake.officer_notices import OfficerNotice, OfficerNoticeKind
from intake.officer_wording import sentence
from intake.status import Role
from intake.store.tables import officer_contacts, officer_notices
from tests import factories
from tests.factories import NOW, TODAY, agency_of, file
from tests.integration.test_officer_warnings import assigned, at, due_in, hire

ADDRESS = "thu@example.vn"


class _Smtp(socketserver.StreamRequestHandler):
    """The few commands a mail needs (RFC 5321); `server.refusal` answers RCPT."""

    def handle(self):
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            if verb == b"RCPT" and self.server.refusal:
                self.wfile.write(self.server.refusal)
            elif verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                body = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    body += part
                self.server.received.append(message_from_bytes(body, policy=policy.default))
                self.wfile.write(b"250 kept\r\n")
            else:
                self.wfile.write(b"250 ok\r\n")


@contextmanager
def mail_server(refusal=b""):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Smtp) as server:
        server.daemon_threads = True
        server.received, server.refusal = [], refusal
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def opened(database_url, tmp_path, port):
    office = factories.build_office(database_url, tmp_path)
    changed = {
        "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none",
        "smtp_from": "Tiếp Dân <khong-tra-loi@example.vn>", "public_url": "https://td.example.vn/",
    }  # fmt: skip

    office = replace(office, settings=office.settings.model_copy(update=changed))
    own = agency_of(office, "so-xay-dung")
    for name, role in (("clerk", Role.AGENCY_CLERK), ("head", Role.HEAD)):
        hire(office, name, role, own)
    with office.store.write() as tx:
        set_email(office, tx, get_officer(tx, "clerk"), ADDRESS, now=NOW)
    return office


@pytest.fixture
def server():
    with mail_server() as running:
        yield running


@pytest.fixture
def office(database_url, tmp_path, server):
    built = opened(database_url, tmp_path, server.server_address[1])
    with closing(built.store):
        yield built


def test_a_digest_names_reference_day_and_link_and_nothing_else(office, server):
    petition = assigned(office, file(office))
    day = due_in(office, petition, 1)
    done = do_due_work(office, now=at(day))
    assert (done["digests"], done["mails"]) == (1, 1)
    (message,) = server.received
    text = message.get_content()
    assert message["To"] == ADDRESS
    assert message["Auto-Submitted"] == "auto-generated"
    assert "(04/11/2026)" not in message["Subject"]
    assert f"({day:%d/%m/%Y})" in message["Subject"]
    assert f"{petition.reference}: đã quá hạn ngày {petition.next_due:%d/%m/%Y}" in text
    assert f"https://td.example.vn/console/petitions/{petition.reference}" in text
    assert "xe buýt" not in text
    assert "Nghiệm" not in text


def test_a_digest_goes_out_once_and_only_with_something_new(office, server):
    petition = assigned(office, file(office))
    day = due_in(office, petition, 1)
    for hour in (8, 9, 14, 15):
        do_due_work(office, now=at(day, hour))
    assert len(server.received) == 1


def test_an_officer_without_an_address_gets_none(office, server):
    petition = file(office)  # the head is told of what nobody took, in the console
    do_due_work(office, now=at(due_in(office, petition, 1)))
    assert [message["To"] for message in server.received] == [ADDRESS]


def test_without_a_mail_server_nothing_is_sent_and_nothing_is_lost(office, server):

    petition = assigned(office, file(office))
    silent = replace(office, settings=office.settings.model_copy(update={"smtp_host": ""}))
    day = due_in(office, petition, 1)
    done = do_due_work(silent, now=at(day))
    assert (done["digests"], done["mails"]) == (0, None)
    assert do_due_work(office, now=at(day, 14))["digests"] == 1


def test_a_mail_server_that_was_away_is_tried_again_later(office, server):
    petition = assigned(office, file(office))
    day = due_in(office, petition, 1)

    def away(settings, message):
        raise mail.MailAway("ConnectionRefusedError")

    assert do_due_work(office, now=at(day), post=away)["mails"] == 0
    assert do_due_work(office, now=at(day))["mails"] == 0  # not before a while has passed
    assert do_due_work(office, now=at(day, 10))["mails"] == 1
    assert len(server.received) == 1


def test_a_repeated_digest_can_be_recognised(office, server):
    petition = assigned(office, file(office))
    day = due_in(office, petition, 1)

    def sent_but_killed(settings, message):
        mail.send(settings, message)
        raise mail.MailAway("killed")

    do_due_work(office, now=at(day), post=sent_but_killed)
    do_due_work(office, now=at(day, 10))
    first, second = (message["Message-ID"] for message in server.received)
    assert first == second


@pytest.mark.parametrize(
    ("refusal", "error"),
    [(b"550 nobody\r\n", mail.AddressRefused), (b"450 later\r\n", mail.MailAway)],
)
def test_a_refused_address_is_told_apart_from_a_busy_server(sqlite_url, tmp_path, refusal, error):

    with mail_server(refusal) as running:
        office = opened(sqlite_url, tmp_path, running.server_address[1])
        message = EmailMessage()
        message["From"], message["To"] = "a@example.vn", ADDRESS
        with pytest.raises(error) as raised:
            mail.send(office.settings, message)
        office.store.close()
    assert ADDRESS not in str(raised.value)


def test_a_server_that_cannot_be_reached_is_away(sqlite_url, tmp_path):
    with mail_server() as running:
        port = running.server_address[1]
    office = opened(sqlite_url, tmp_path, port)
    with closing(office.store), pytest.raises(mail.MailAway):
        mail.send(office.settings, EmailMessage())


def test_an_address_is_stored_sealed_and_checked(office):
    with office.store.read() as tx:
        (sealed,) = tx.execute(select(officer_contacts.c.address_sealed)).scalars()
        clerk = get_officer(tx, "clerk")
    assert ADDRESS.encode() not in sealed
    for wrong in ("no address", "a@b", "a@b.vn\nBcc: c@d.vn", "<a@b.vn>"):
        with office.store.write() as tx, pytest.raises(InvalidInput):
            set_email(office, tx, clerk, wrong, now=NOW)
    with office.store.write() as tx:
        set_email(office, tx, clerk, "", now=NOW)
        assert tx.execute(select(officer_contacts)).all() == []
        assert tx.execute(select(officer_notices)).all() == []


@pytest.mark.parametrize("kind", OfficerNoticeKind)
def test_every_kind_of_notice_has_its_sentence(sqlite_url, tmp_path, kind):
    office = factories.build_office(sqlite_url, tmp_path)
    is_duty = kind in (OfficerNoticeKind.DUTY_DUE, OfficerNoticeKind.DUTY_MISSED)
    notice = OfficerNotice(
        id=1,
        kind=kind,
        reference=None if is_duty else "VLG-2611-ABCDEF",
        agency=agency_of(office, "so-xay-dung"),
        rule="DUTY-SO" if is_duty else "",
        due=TODAY,
        step=2,
        unassigned=False,
        secret=False,
        created_at=NOW,
        seen_at=None,
        message_id=None,
    )
    said = sentence(office, notice)
    office.store.close()
    assert ("Người đứng đầu cơ quan chuyên môn" in said) is is_duty
    assert ("VLG-2611-ABCDEF" in said) is not is_duty
    assert "{" not in said
