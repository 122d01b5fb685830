"""One mail server, as the settings name it. What is written in a mail is not decided here."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage

from intake.settings import Settings

_TIMEOUT_SECONDS = 15


class MailAway(Exception):
    """The mail server does not answer, or refuses us: later tries may succeed."""


class AddressRefused(Exception):
    """The mail server knows no such recipient: trying again changes nothing."""


def is_configured(settings: Settings) -> bool:
    """Whether there is a mail server to send by."""
    return bool(settings.smtp_host and settings.smtp_from)


def send(settings: Settings, message: EmailMessage) -> None:
    """Hand one message to the mail server.

    Raises:
        AddressRefused: the recipient is refused for good.
        MailAway: everything else that can go wrong between us and the server.
    """
    try:
        with _connected(settings) as server:
            if settings.smtp_user and settings.smtp_password is not None:
                server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        # 4xx: a full box, greylisting. The exception's own text names the address: not kept.
        if all(code >= 500 for code, _ in error.recipients.values()):
            raise AddressRefused from None
        raise MailAway from None
    except (smtplib.SMTPException, OSError) as error:
        raise MailAway(type(error).__name__) from None


def _connected(settings: Settings) -> smtplib.SMTP:
    if settings.smtp_security == "tls":
        return smtplib.SMTP_SSL(
            settings.smtp_host,
            settings.smtp_port,
            timeout=_TIMEOUT_SECONDS,
            context=ssl.create_default_context(),
        )
    server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=_TIMEOUT_SECONDS)
    if settings.smtp_security == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except (smtplib.SMTPException, OSError):
            server.close()
            raise
    return server
