"""Files citizens send: checked by what they are, stored by content, never by their name.

The store is a folder under the data folder, one sealed file for each different content, named by
its SHA-256. A file is written and synced before its row is: a row never points to nothing.
Pictures are written anew without anything but pixels, so that no place or device travels with
them; what came is kept, sealed, for whoever must prove it. An antivirus program may look at every
file (`bot/antivirus.py`): what it finds infected stays sealed and is given to nobody.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import puremagic
from PIL import Image, ImageOps, UnidentifiedImageError
from sqlalchemy import RowMapping, delete, func, insert, or_, select, update

from intake.errors import InvalidInput, SealBroken, StorageAway
from intake.office import Office
from intake.petition import Attachment, Scan
from intake.store.engine import Transaction, after_commit
from intake.store.tables import attachments, documents
from intake.text import clean

LARGEST = 20 * 1024 * 1024
"""Bytes of one file."""
MOST_PIXELS = 50_000_000
_LONGEST_NAME = 120
_LONGEST_SIDE = 4_096

# What may be stored, by what the first bytes say it is.
ALLOWED: dict[str, str] = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/mp4": ".m4a",
    "audio/aac": ".aac",  # voice messages of Zalo
    "audio/amr": ".amr",
    "audio/webm": ".webm",  # what browsers record
    "video/mp4": ".mp4",
}
_DOCUMENTS = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "word/document.xml",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xl/workbook.xml",
}
_MACROS = "vbaProject.bin"
_MOST_PARTS = 1_000
_PICTURES = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_ALIASES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "audio/mp3": "audio/mpeg",
    "audio/x-m4a": "audio/mp4",
    "video/x-m4v": "video/mp4",
    "application/ogg": "audio/ogg",
    "audio/x-amr": "audio/amr",
    ".amr": "audio/amr",  # has no media type in the table of signatures
}


@dataclass(frozen=True)
class CheckedFile:
    """A file that may be stored: its content as it will be, and what it is.

    `original`: what came, where the content was written anew.
    """

    content: bytes
    media_type: str
    name: str
    original: bytes | None = None

    @property
    def is_recording(self) -> bool:
        """Whether it is to be heard."""
        return is_recording(self.media_type)


def is_recording(media_type: str) -> bool:
    """Whether a file of that type is a recording of sound."""
    return media_type.startswith("audio/")


def check_file(content: bytes, name: str) -> CheckedFile:
    """Look at a file before it is stored; pictures come back without anything but pixels.

    Raises:
        InvalidInput: empty, too large, of a kind that is not taken, or a damaged picture.
    """
    if not content:
        raise InvalidInput(field="file", reason="empty")
    if len(content) > LARGEST:
        raise InvalidInput(field="file", reason="too_large")
    media_type = _kind_of(content)
    if media_type is None:
        raise InvalidInput(field="file", reason="not_taken")
    shown = clean(Path(name).name)[:_LONGEST_NAME]
    if media_type in _PICTURES:
        bare = _only_pixels(content, _PICTURES[media_type])
        return CheckedFile(bare, media_type, shown, original=content)
    return CheckedFile(content, media_type, shown)


def write_file(office: Office, file: CheckedFile) -> str:
    """Put a checked file into the store, on disk when this returns; gives its SHA-256."""
    if file.original is not None:
        _write(office, file.original)
    return _write(office, file.content)


def _write(office: Office, content: bytes) -> str:
    digest = hashlib.sha256(content).hexdigest()
    target = _path(office, digest)
    if target.exists():
        return digest
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f"{digest}.{secrets.token_hex(6)}.part")
    with temporary.open("xb") as stream:
        stream.write(office.sealer.seal_bytes(content, about=_about(digest)))
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return digest


def add_attachment(
    office: Office,
    tx: Transaction,
    file: CheckedFile,
    digest: str,
    *,
    conversation_id: int | None,
    now: datetime,
) -> str:
    """Register a file of the store in the caller's transaction; returns its uid."""
    uid = secrets.token_hex(16)
    tx.execute(
        insert(attachments).values(
            uid=uid,
            conversation_id=conversation_id,
            sha256=digest,
            media_type=file.media_type,
            size=len(file.content),
            name_sealed=office.sealer.seal(file.name, about=f"attachment:{uid}:name"),
            original_sha256=_digest(file.original),
            scan=Scan.WAITING,
            created_at=now,
        )
    )
    return uid


def attachments_of(office: Office, tx: Transaction, petition_id: int) -> list[Attachment]:
    """A petition's files, oldest first."""
    rows = tx.execute(
        select(attachments)
        .where(attachments.c.petition_id == petition_id)
        .order_by(attachments.c.id)
    ).mappings()
    return [_attachment(office, row) for row in rows]


def read_attachment(office: Office, attachment: Attachment) -> bytes:
    """A file's content, for whoever may have it.

    Raises:
        InvalidInput: it is infected, or the antivirus program has not seen it yet; or the store's
            file is missing or is not what was stored.
    """
    if attachment.scan is Scan.INFECTED:
        raise InvalidInput(field="file", reason="infected")
    if attachment.scan is Scan.WAITING and office.settings.clamd_url:
        raise InvalidInput(field="file", reason="not_scanned")
    return read_stored(office, attachment.sha256)


def read_stored(office: Office, digest: str) -> bytes:
    """What the store keeps under a SHA-256, whatever the antivirus program says of it.

    Raises:
        InvalidInput: missing, or not what was stored.
    """
    try:
        content = office.sealer.open_bytes(_path(office, digest).read_bytes(), about=_about(digest))
    except OSError as error:
        raise InvalidInput(field="file", reason="missing") from error
    except SealBroken as error:
        raise InvalidInput(field="file", reason="damaged") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise InvalidInput(field="file", reason="damaged")
    return content


def is_stored(office: Office, digest: str) -> bool:
    """Whether the store has a content of that SHA-256."""
    return _path(office, digest).exists()


def note_taken(tx: Transaction, uid: str, *, now: datetime) -> None:
    """An officer has had the file: a recording is to be heard no more."""
    tx.execute(
        update(attachments)
        .where(attachments.c.uid == uid, attachments.c.taken_at.is_(None))
        .values(taken_at=now)
    )


# ---- antivirus ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unscanned:
    """A content the antivirus program has not seen yet; `id` is that of its first row."""

    id: int
    sha256: str


@dataclass(frozen=True)
class Carrier:
    """Who sent an infected file: the conversation to tell, where there is one."""

    conversation_id: int | None
    petition_id: int | None
    name: str


def unscanned_files(tx: Transaction, *, after: int = 0, limit: int = 20) -> list[Unscanned]:
    """Contents that wait for the antivirus program, oldest first, above row id `after`."""
    rows = tx.execute(
        select(func.min(attachments.c.id).label("id"), attachments.c.sha256)
        .where(attachments.c.scan == Scan.WAITING, attachments.c.id > after)
        .group_by(attachments.c.sha256)
        .order_by(func.min(attachments.c.id))
        .limit(limit)
    )
    return [Unscanned(row.id, row.sha256) for row in rows]


def count_unscanned(tx: Transaction) -> int:
    """How many files wait for the antivirus program."""
    query = select(func.count()).where(attachments.c.scan == Scan.WAITING)
    return int(tx.execute(query).scalar_one())


def record_scan(
    office: Office, tx: Transaction, digest: str, *, finding: str, now: datetime
) -> list[Carrier]:
    """Note what the antivirus program said of a content; returns who sent it, if it is infected.

    Args:
        finding: what was found ("" nothing).
    """
    waiting = (attachments.c.sha256 == digest, attachments.c.scan == Scan.WAITING)
    rows = tx.execute(select(attachments).where(*waiting).order_by(attachments.c.id)).mappings()
    found = list(rows) if finding else []
    tx.execute(
        update(attachments)
        .where(*waiting)
        .values(
            scan=Scan.INFECTED if finding else Scan.CLEAN,
            scan_finding=finding[:120],
            scanned_at=now,
        )
    )
    return [
        Carrier(row["conversation_id"], row["petition_id"], _attachment(office, row).name)
        for row in found
    ]


def discard_attachments(office: Office, tx: Transaction, uids: Sequence[str]) -> None:
    """Forget files that belong to no petition: rows now, contents nobody else needs too."""
    both = (attachments.c.sha256, attachments.c.original_sha256)
    free = (attachments.c.uid.in_(list(uids)), attachments.c.petition_id.is_(None))
    digests = {each for row in tx.execute(select(*both).where(*free)) for each in row if each}
    if not digests:
        return
    tx.execute(delete(attachments).where(*free))
    remove_unused(office, tx, digests)


def remove_unused(office: Office, tx: Transaction, digests: Iterable[str]) -> None:
    """Take contents out of the store that no row of either side names any more.

    They are looked at and go after the transaction: what is not committed must not have lost
    anything, and what it names anew stays.
    """
    wanted = frozenset(digests)
    after_commit(tx, lambda: _remove_unnamed(office, wanted))


def _remove_unnamed(office: Office, digests: frozenset[str]) -> None:
    free = set(digests)
    # The database away leaves a content behind; it never takes one that is needed. A writer's
    # turn, so that nobody names a content between the look and its removal.
    with suppress(StorageAway), office.store.write() as tx:
        for table in (attachments, documents):
            both = (table.c.sha256, table.c.original_sha256)
            named = or_(*(column.in_(list(digests)) for column in both))
            free -= {each for row in tx.execute(select(*both).where(named)) for each in row}
        for digest in free:
            _path(office, digest).unlink(missing_ok=True)


def _attachment(office: Office, row: RowMapping) -> Attachment:
    return Attachment(
        uid=row["uid"],
        media_type=row["media_type"],
        size=row["size"],
        sha256=row["sha256"],
        name=office.sealer.open(row["name_sealed"], about=f"attachment:{row['uid']}:name"),
        original_sha256=row["original_sha256"],
        scan=Scan(row["scan"]),
        finding=row["scan_finding"],
        taken=row["taken_at"] is not None,
    )


def _digest(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()


def _about(digest: str) -> str:
    return f"file:{digest}"


def _path(office: Office, digest: str) -> Path:
    folder = office.settings.storage_url.removeprefix("file://")
    root = Path(folder) if folder else office.settings.data_dir / "attachments"
    return root / digest[:2] / digest


def _kind_of(content: bytes) -> str | None:
    if content.startswith(_MATROSKA):
        return "audio/webm" if _only_sound(content) else None
    try:
        guesses = puremagic.magic_string(content)
    except (puremagic.PureError, ValueError, IndexError, UnicodeError):
        return None
    for guess in guesses:
        named = guess.mime_type or guess.extension
        media_type = _ALIASES.get(named, str(named))
        if media_type in _DOCUMENTS:
            return _document_kind(content)
        if media_type in ALLOWED:
            return media_type
    return None


_MATROSKA = b"\x1a\x45\xdf\xa3"
_TRACKS_WITHIN = 8_192  # bytes; a recorder writes its tracks before any sound


def _only_sound(content: bytes) -> bool:
    """Whether a webm file has a track of sound and none of pictures (by the tracks' codecs)."""
    head = content[:_TRACKS_WITHIN]
    return b"webm" in head and b"A_OPUS" in head and b"V_" not in head


def _document_kind(content: bytes) -> str | None:
    """Which office document a ZIP archive is; one with macros is none we take."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, EOFError):
        return None
    if len(names) > _MOST_PARTS or any(name.endswith(_MACROS) for name in names):
        return None
    return next((kind for kind, part in _DOCUMENTS.items() if part in names), None)


def _only_pixels(content: bytes, kind: str) -> bytes:
    try:
        with Image.open(io.BytesIO(content), formats=[kind]) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise InvalidInput(field="file", reason="too_large")
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
            mode = "RGB" if kind == "JPEG" else ("RGBA" if "A" in upright.getbands() else "RGB")
            bare = upright.convert(mode)
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
    ) as error:
        raise InvalidInput(field="file", reason="damaged") from error
    out = io.BytesIO()
    fresh = Image.new(bare.mode, bare.size)
    fresh.paste(bare)
    fresh.save(out, format=kind, quality=85)
    return out.getvalue()
