"""Officers' messages that go out as e-mail: lease, compose, send, settle.

A mail carries references, days and links only. Sending happens outside every transaction; one whose
sending was interrupted is sent again under the same Message-ID, so that a repeat can be recognised.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage

import structlog

from admin.notify.mail import AddressRefused, MailAway
from intake.clock import local_date
from intake.office import Office
from intake.officer_contacts import Way
from intake.officer_messages import (
    OfficerMessage,
    claim_message,
    settle_failed,
    settle_sent,
)
from intake.officer_wording import word_message

_LEASE = timedelta(minutes=2)
_log = structlog.get_logger()

Post = Callable[[EmailMessage], None]
"""Hands a message to the mail server; raises `MailAway` or `AddressRefused`."""


def send_mails(office: Office, post: Post, *, owner: str, now: datetime) -> int:
    """Send what is due; returns how many mails the server took.

    A server that is away ends the round; what was not sent is tried again later.
    """
    sent = 0
    while True:
        message = claim_message(office, Way.EMAIL, owner=owner, now=now, lease=_LEASE)
        if message is None:
            return sent
        try:
            post(compose(office, message, now=now))
        except AddressRefused:
            _settle_failed(office, message, owner, now, "AddressRefused", None)
        except MailAway as error:
            _settle_failed(office, message, owner, now, str(error), timedelta(0))
            return sent
        else:
            with office.store.write() as tx:
                settle_sent(tx, message, owner=owner, now=now)
            sent += 1


def _settle_failed(
    office: Office,
    message: OfficerMessage,
    owner: str,
    now: datetime,
    reason: str,
    retry_after: timedelta | None,
) -> None:
    with office.store.write() as tx:
        dead = settle_failed(
            office, tx, message, owner=owner, now=now, reason=reason, retry_after=retry_after
        )
    _log.warning("officer_mail_not_sent", message=message.number, reason=reason, dead=dead)


def compose(office: Office, message: OfficerMessage, *, now: datetime) -> EmailMessage:
    """The mail of a message."""
    worded = word_message(office, message, day=local_date(now))
    mail = EmailMessage()
    mail["From"] = office.settings.smtp_from
    mail["To"] = message.to
    mail["Subject"] = worded.subject
    mail["Message-ID"] = _message_id(office, message)
    mail["Auto-Submitted"] = "auto-generated"  # no out-of-office reply comes back (RFC 3834)
    mail.set_content(worded.text + "\n")
    return mail


def _message_id(office: Office, message: OfficerMessage) -> str:
    # A digest of the number, since the header must not tell how many messages there are.
    about = office.sealer.fingerprint(str(message.number), purpose="mail")
    domain = office.settings.smtp_from.rpartition("@")[2].strip(" >") or "localhost"
    return f"<{about}@{domain}>"
