"""What can go wrong, as names and values.

Each class carries an English sentence for logs and the values a caller may show. The Vietnamese
wording people read is kept in the phrase tables of `bot` and `admin`, keyed by `code`; a test
finds a class without wording. No message ever carries a name, an address or petition text.
"""

from __future__ import annotations

from typing import ClassVar


class IntakeError(Exception):
    """Base of every refusal. `code` is stable and goes on the wire; `values` fill the wording."""

    code: ClassVar[str] = "intake-error"
    sentence: ClassVar[str] = "the request was refused"

    def __init__(self, **values: object) -> None:
        self.values = values
        super().__init__(self.sentence.format_map(_Lenient(values)))


class _Lenient(dict[str, object]):
    """A sentence never hides the real error behind a KeyError of its own."""

    def __missing__(self, key: str) -> str:
        return "?"


class NotFound(IntakeError):
    """No such record, or none that the caller may know of: the two answers are the same."""

    code = "not-found"
    sentence = "no such {what} for this caller"


class BadCredentials(IntakeError):
    """Wrong name or password, or a closed account: one answer for all."""

    code = "bad-credentials"
    sentence = "the name or the password is wrong"


class SecondFactorNeeded(IntakeError):
    """The password is right; the account also asks for a code of its authenticator app."""

    code = "second-factor-needed"
    sentence = "the account asks for a code besides the password"


class WrongCode(IntakeError):
    """A one-time code is wrong, used up or too old."""

    code = "wrong-code"
    sentence = "the code is wrong, used up or too old"


class VersionConflict(IntakeError):
    """Somebody changed the petition since the caller read it."""

    code = "version-conflict"
    sentence = "petition {reference} is at version {actual}, the caller knew {expected}"


class NotAllowed(IntakeError):
    """The officer's role, agency or clearance does not cover the action."""

    code = "not-allowed"
    sentence = "{role} may not {action} here: {reason}"


class WrongStatus(IntakeError):
    """The action does not exist in the petition's present status."""

    code = "wrong-status"
    sentence = "{action} is not possible while the petition is {status}"


class LawRefuses(IntakeError):
    """A rule of law forbids the action. Values: rule, citation, verified, allowed (actions)."""

    code = "law-refuses"
    sentence = "{action} is refused by {rule} ({citation})"


class ItemsMissing(IntakeError):
    """The petition lacks items the law asks for. Values: items (codes), citation."""

    code = "items-missing"
    sentence = "the petition lacks: {items} ({citation})"


class InvalidInput(IntakeError):
    """A field is malformed. Values: field, reason (a code, see `admin/wording.py`)."""

    code = "invalid-input"
    sentence = "{field}: {reason}"


class UnknownAgency(IntakeError):
    """No agency of that code on that day."""

    code = "unknown-agency"
    sentence = "no agency {agency} on that day"


class TooMany(IntakeError):
    """A limit was reached. Values: retry_after (seconds)."""

    code = "too-many"
    sentence = "too many attempts; again in {retry_after} s"


class DataFault(IntakeError):
    """A shipped or imported data file is wrong. Values: file, line, fault."""

    code = "data-fault"
    sentence = "{file}:{line}: {fault}"


class SealBroken(IntakeError):
    """A sealed value does not open: other key, other record, or altered bytes."""

    code = "seal-broken"
    sentence = "a sealed value of {about} does not open"


class StorageAway(IntakeError):
    """The database does not answer."""

    code = "storage-away"
    sentence = "the storage does not answer"


class SetupRefused(IntakeError):
    """A setting or the machine makes a safe start impossible. Values: reason."""

    code = "setup-refused"
    sentence = "{reason}"
