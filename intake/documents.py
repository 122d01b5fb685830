"""The office's documents to citizens: checked by what they are, kept sealed, given with a notice.

An officer hands one in for a petition; until an action gives it (`intake/actions/documents.py`) it
is that officer's alone, and goes after a day. Contents lie in the store of `intake/attachments.py`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from intake.attachments import (
    CheckedFile,
    check_file,
    is_stored,
    read_stored,
    remove_unused,
    write_file,
)
from intake.clamd import SECONDS, AntivirusAway, Clamd, NotScanned
from intake.errors import InvalidInput
from intake.limits import Limit, spend
from intake.office import Office
from intake.officers import Officer
from intake.permissions import check_can_view
from intake.petition import Petition
from intake.store.engine import Transaction
from intake.store.petitions import get_petition
from intake.store.tables import documents
from intake.text import clean

LARGEST = 5 * 1024 * 1024
"""Bytes of one document; what Zalo takes, so that every channel carries the same."""
MOST = 3
"""Documents of one notice."""
WORD = "application/msword"
# What may be handed in, by its content, and the endings its name may have.
TYPES: Mapping[str, tuple[str, ...]] = {
    "application/pdf": (".pdf",),
    WORD: (".doc",),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (".docx",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
}
PICTURES = frozenset({"image/jpeg", "image/png"})
AN_HOUR = Limit(60, timedelta(hours=1))
_KEPT = timedelta(days=1)
_LONGEST_NAME = 100
_NAMELESS = "document"
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # [MS-CFB]: what .doc files are
_TEXT_STREAM = "WordDocument".encode("utf-16-le")
_MACRO_STREAM = "_VBA_PROJECT".encode("utf-16-le")


class Origin(StrEnum):
    """Where a document came from."""

    UPLOAD = "upload"
    LETTER = "letter"  # printed by the product


class Delivery(StrEnum):
    """How far a document has come."""

    WAITING = "waiting"
    SENT = "sent"  # a platform took it
    SHOWN = "shown"  # stands in the web chat
    BY_CODE = "by_code"  # to be had on the web page, for petition number and secret


@dataclass(frozen=True)
class Document:
    """One document. `notice_id` None: not given yet; `position` counts within the notice, from 1.

    `upload`: what the platform calls an upload of it, kept there until `upload_until`.
    """

    id: int
    uid: str
    petition_id: int
    notice_id: int | None
    position: int
    origin: Origin
    sha256: str
    media_type: str
    size: int
    name: str
    added_by: str
    delivery: Delivery
    delivered_at: datetime | None
    upload: str
    upload_until: datetime | None

    @property
    def is_picture(self) -> bool:
        """Whether it is to be looked at rather than opened."""
        return self.media_type in PICTURES


def is_secret(petition: Petition) -> bool:
    """Whether a document of the petition is to be had for number and secret alone."""
    return petition.kind.may_hold_denunciation


def check_document(content: bytes, name: str, *, field: str = "file") -> CheckedFile:
    """Look at a document before it is stored; its name's ending becomes that of its content.

    Args:
        field: what a refusal names.

    Raises:
        InvalidInput: empty, too large, of another kind, with macros, or a damaged picture.
    """
    if len(content) > LARGEST:
        raise InvalidInput(field=field, reason="document_too_large")
    try:
        checked = _word_file(content, name) or check_file(content, name)
    except InvalidInput as error:
        reason = str(error.values["reason"])
        shown = {"not_taken": "document_not_taken"}.get(reason, reason)
        raise InvalidInput(field=field, reason=shown) from error
    if checked.media_type not in TYPES:
        raise InvalidInput(field=field, reason="document_not_taken")
    if len(checked.content) > LARGEST:
        raise InvalidInput(field=field, reason="document_too_large")
    return CheckedFile(
        checked.content, checked.media_type, _named(name, checked.media_type), checked.original
    )


def scan_document(office: Office, content: bytes, *, field: str = "file") -> None:
    """Show a document to the antivirus program, where one is configured; waits for its answer.

    Raises:
        InvalidInput: it is infected, or the program does not say: nothing goes out unseen.
    """
    if not office.settings.clamd_url:
        return
    try:
        finding = Clamd(office.settings.clamd_url, seconds=SECONDS).scan(content)
    except (AntivirusAway, NotScanned) as error:
        raise InvalidInput(field=field, reason="antivirus_away") from error
    if finding:
        raise InvalidInput(field=field, reason="document_infected")


def hand_in(
    office: Office,
    officer: Officer,
    reference: str,
    content: bytes,
    name: str,
    *,
    now: datetime,
    origin: Origin = Origin.UPLOAD,
    field: str = "file",
) -> Document:
    """Keep a document for a petition until an action of the same officer gives it.

    The same content under the same name again is the same document again. Runs transactions of
    its own and may wait for the antivirus program: never call it inside a transaction.

    Args:
        field: what a refusal names.

    Raises:
        NotFound: no petition the officer may know of.
        InvalidInput: see `check_document` and `scan_document`; nothing is kept then.
        TooMany: the officer hands in too much.
    """
    with office.store.read() as tx:
        check_can_view(officer, get_petition(tx, reference), office.directory)
    checked = check_document(content, name, field=field)
    scan_document(office, content, field=field)
    digest = write_file(office, checked)
    with office.store.write() as tx:
        petition = get_petition(tx, reference)
        check_can_view(officer, petition, office.directory)
        for known in kept_documents(office, tx, officer, petition.id):
            if (known.sha256, known.name) == (digest, checked.name):
                return known
        spend(office.store, tx, f"document:hour:{officer.id}", AN_HOUR, now=now)
        forget_abandoned(office, tx, now=now)
        uid = secrets.token_hex(16)
        tx.execute(
            insert(documents).values(
                uid=uid,
                petition_id=petition.id,
                origin=origin,
                sha256=digest,
                original_sha256=(
                    None
                    if checked.original is None
                    else hashlib.sha256(checked.original).hexdigest()
                ),
                media_type=checked.media_type,
                size=len(checked.content),
                name_sealed=office.sealer.seal(checked.name, about=_about_name(uid)),
                added_by=officer.username,
                created_at=now,
                delivery=Delivery.WAITING,
            )
        )
        # Whoever gave up the same content meanwhile may have taken it along.
        if not is_stored(office, digest):
            write_file(office, checked)
        row = tx.execute(select(documents).where(documents.c.uid == uid)).mappings().one()
        return _document(office, row)


def kept_documents(
    office: Office, tx: Transaction, officer: Officer, petition_id: int
) -> list[Document]:
    """What the officer handed in for a petition and has not given yet, oldest first."""
    return _found(
        office,
        tx,
        documents.c.petition_id == petition_id,
        documents.c.notice_id.is_(None),
        documents.c.added_by == officer.username,
    )


def given_documents(office: Office, tx: Transaction, petition_id: int) -> list[Document]:
    """What the petitioner was given, notice by notice."""
    return _found(
        office, tx, documents.c.petition_id == petition_id, documents.c.notice_id.is_not(None)
    )


def documents_of_notice(office: Office, tx: Transaction, notice_id: int) -> list[Document]:
    """A notice's documents in their order."""
    return _found(office, tx, documents.c.notice_id == notice_id)


def given_document(office: Office, tx: Transaction, uid: str) -> Document | None:
    """The document of that uid, once it was given."""
    found = _found(office, tx, documents.c.uid == uid, documents.c.notice_id.is_not(None))
    return found[0] if found else None


def read_document(office: Office, document: Document) -> bytes:
    """Its content.

    Raises:
        InvalidInput: the store's file is missing or is not what was stored.
    """
    return read_stored(office, document.sha256)


def note_delivery(tx: Transaction, document_id: int, delivery: Delivery, *, now: datetime) -> None:
    """Note how far a document has come."""
    tx.execute(
        update(documents)
        .where(documents.c.id == document_id)
        .values(delivery=delivery, delivered_at=now)
    )


def note_upload(
    office: Office, tx: Transaction, document: Document, upload: str, until: datetime | None
) -> None:
    """Remember what a platform calls an upload of the document ("": forget it)."""
    sealed = office.sealer.seal(upload, about=_about_upload(document.uid)) if upload else None
    tx.execute(
        update(documents)
        .where(documents.c.id == document.id)
        .values(upload_sealed=sealed, upload_until=until if upload else None)
    )


def count_waiting(tx: Transaction, notice_id: int) -> int:
    """How many documents of a notice have not reached the person."""
    query = select(func.count()).where(
        documents.c.notice_id == notice_id, documents.c.delivery == Delivery.WAITING
    )
    return int(tx.execute(query).scalar_one())


def forget_abandoned(office: Office, tx: Transaction, *, now: datetime) -> int:
    """Remove what was handed in a day ago and never given; returns how many."""
    old = (documents.c.notice_id.is_(None), documents.c.created_at < now - _KEPT)
    rows = tx.execute(select(documents.c.sha256, documents.c.original_sha256).where(*old)).all()
    if not rows:
        return 0
    tx.execute(delete(documents).where(*old))
    remove_unused(office, tx, {digest for row in rows for digest in row if digest})
    return len(rows)


def _found(office: Office, tx: Transaction, *conditions: Any) -> list[Document]:
    query = (
        select(documents)
        .where(*conditions)
        .order_by(documents.c.notice_id, documents.c.position, documents.c.id)
    )
    return [_document(office, row) for row in tx.execute(query).mappings()]


def _document(office: Office, row: Mapping[Any, Any]) -> Document:
    uid, sealed = row["uid"], row["upload_sealed"]
    return Document(
        id=row["id"],
        uid=uid,
        petition_id=row["petition_id"],
        notice_id=row["notice_id"],
        position=row["position"],
        origin=Origin(row["origin"]),
        sha256=row["sha256"],
        media_type=row["media_type"],
        size=row["size"],
        name=office.sealer.open(row["name_sealed"], about=_about_name(uid)),
        added_by=row["added_by"],
        delivery=Delivery(row["delivery"]),
        delivered_at=row["delivered_at"],
        upload="" if sealed is None else office.sealer.open(sealed, about=_about_upload(uid)),
        upload_until=row["upload_until"],
    )


def _word_file(content: bytes, name: str) -> CheckedFile | None:
    """A .doc of the old kind; None: something else, or one with macros."""
    if not content.startswith(_COMPOUND) or _TEXT_STREAM not in content:
        return None
    return None if _MACRO_STREAM in content else CheckedFile(content, WORD, name)


def _named(name: str, media_type: str) -> str:
    """What the citizen sees: no path, no endless name, and the ending its content has."""
    shown = clean(name.replace("\\", "/").rpartition("/")[2])
    endings = TYPES[media_type]
    suffix = Path(shown).suffix.lower()
    known = any(suffix in each for each in TYPES.values())
    stem = shown[: -len(suffix)] if known else shown
    ending = suffix if suffix in endings else endings[0]
    return (stem[:_LONGEST_NAME].strip(" .") or _NAMELESS) + ending


def _about_name(uid: str) -> str:
    return f"document:{uid}:name"


def _about_upload(uid: str) -> str:
    return f"document:{uid}:upload"
