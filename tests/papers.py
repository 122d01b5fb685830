"""Papers an office sends: real ones of each kind, and some that only pretend."""

from __future__ import annotations

import io
import random
import zipfile
from typing import Any

import docx
from PIL import Image

from admin.action_forms import FORMS, perform
from intake.documents import hand_in
from intake.office import Office
from intake.officers import Officer
from intake.petition import Petition
from intake.status import Action
from intake.store.petitions import get_petition

PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)


def word(*, macros: bool = False) -> bytes:
    """A .docx."""
    out = io.BytesIO()
    docx.Document().save(out)
    if macros:
        with zipfile.ZipFile(out, "a") as archive:
            archive.writestr("word/vbaProject.bin", b"Sub AutoOpen()")
    return out.getvalue()


def old_word(*, macros: bool = False) -> bytes:
    """The frame of a .doc: a compound file that names its streams."""
    streams = ["Root Entry", "WordDocument", *(["_VBA_PROJECT"] if macros else [])]
    named = b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in streams)
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + named


def picture(width: int = 40, height: int = 30, *, kind: str = "JPEG", noise: bool = False) -> bytes:
    """A picture; one full of noise does not squeeze."""
    shown = Image.new("RGB", (width, height), "white")
    if noise:
        grain = random.Random(7).randbytes(width * height * 3)
        shown = Image.frombytes("RGB", (width, height), grain)
    out = io.BytesIO()
    shown.save(out, kind, quality=90)
    return out.getvalue()


def send_with(
    office: Office,
    by: Officer,
    reference: str,
    *papers: tuple[str, bytes],
    now: Any,
    action: Action = Action.REQUEST_INFORMATION,
    **fields: Any,
) -> Petition:
    """Take an action that tells the citizen something, with papers (name, content) behind it."""
    uids = [hand_in(office, by, reference, content, name, now=now).uid for name, content in papers]
    fields = fields or {"message": "Xin bổ sung ảnh hiện trường."}
    with office.store.read() as tx:
        version = get_petition(tx, reference).version
    form = FORMS[action].form.model_validate({**fields, "documents": uids})
    return perform(office, by, reference, action, form, version=version, now=now)
