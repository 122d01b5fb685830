"""The digest: one e-mail an officer and time of day, if there is anything new to tell.

It carries references, days and links only. Sending happens outside every transaction; a digest
whose sending was interrupted is sent again under the same Message-ID, so that a repeat can be
recognised.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import structlog

from admin.notify.mail import AddressRefused, MailAway
from intake.accounts import list_officers
from intake.clock import local_date
from intake.law_phrases import vietnamese_date
from intake.office import Office
from intake.officer_notices import OfficerNotice, emails_of, mark_mailed, notices_for
from intake.officer_wording import link_of, officer_words, sentence
from intake.officers import Officer
from intake.schedule import DIGEST, in_office_hours, in_slot
from intake.warning_steps import load_warning_plan

_RETRY_AFTER = timedelta(minutes=10)
_log = structlog.get_logger()

Post = Callable[[EmailMessage], None]
"""Hands a message to the mail server; raises `MailAway` or `AddressRefused`."""


def send_digests(office: Office, post: Post, *, now: datetime) -> int:
    """Send the digests whose time has come, in office hours; returns how many went out.

    A server that is away ends the round; what was not sent is tried again later.
    """
    with office.store.read() as tx:
        today_office = office.with_calendar(tx)
        officers = [each for each in list_officers(tx) if each.active]
        emails = emails_of(office, tx, officers)
    plan = load_warning_plan(office.settings.data_dir)
    slot = plan.digest_slot(now)
    if slot is None or not in_office_hours(today_office, plan, now=now):
        return 0
    sent = 0
    for officer in officers:
        if officer.id not in emails:
            continue
        work = _Digest(office, officer, emails[officer.id], slot, post, now)
        try:
            done = in_slot(
                office, DIGEST, f"{slot}:{officer.id}", work.send, now=now, lease=_RETRY_AFTER
            )
        except MailAway as error:
            _log.warning("digest not sent", officer=officer.username, error=str(error))
            break
        sent += done or 0
    return sent


class _Digest:
    """One officer's digest of one time of day."""

    def __init__(
        self, office: Office, officer: Officer, email: str, slot: str, post: Post, now: datetime
    ) -> None:
        self._office, self._officer, self._email = office, officer, email
        self._slot, self._post, self._now = slot, post, now

    def send(self) -> int:
        """Compose, send, note what was sent; 1 if a mail went out."""
        with self._office.store.read() as tx:
            told = notices_for(
                self._office, tx, self._officer, today=local_date(self._now), only_unmailed=True
            )
        if not told:
            return 0
        message = compose(self._office, told, day=local_date(self._now))
        message["To"] = self._email
        message["Message-ID"] = self._message_id()
        try:
            self._post(message)
        except AddressRefused:
            # The console shows the same; an administrator corrects the address.
            _log.warning("digest address refused", officer=self._officer.username)
            return 0
        with self._office.store.write() as tx:
            mark_mailed(tx, self._officer.id, [each.id for each in told], now=self._now)
        return 1

    def _message_id(self) -> str:
        # A digest of slot and officer, since the header must not tell who the officer is.
        about = f"{self._officer.id}:{self._slot}".encode()
        domain = self._office.settings.smtp_from.rpartition("@")[2].strip(" >") or "localhost"
        return f"<{hashlib.sha256(about).hexdigest()[:32]}@{domain}>"


def compose(office: Office, told: Sequence[OfficerNotice], *, day: date) -> EmailMessage:
    """The mail of these notices, without recipient."""
    words = officer_words()
    message = EmailMessage()
    message["From"] = office.settings.smtp_from
    message["Subject"] = words["subject"].format(count=len(told), day=vietnamese_date(day))
    message["Auto-Submitted"] = "auto-generated"  # no out-of-office reply comes back (RFC 3834)
    lines = [words["opening"].format(day=vietnamese_date(day)), ""]
    lines += [_line(office, words, each) for each in told]
    message.set_content("\n".join([*lines, "", words["closing"], ""]))
    return message


def _line(office: Office, words: Mapping[str, Any], notice: OfficerNotice) -> str:
    return str(
        words["line"].format(
            what=sentence(office, notice),
            untaken=words["untaken"] if notice.unassigned else "",
            link=link_of(office, notice),
        )
    )
