"""What may be stored is decided by the bytes, never by the name."""

from __future__ import annotations

import io
import zipfile

import pytest
from docx import Document
from openpyxl import Workbook
from PIL import Image

from intake.attachments import LARGEST, check_file
from intake.errors import InvalidInput


def picture(kind: str, mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, (9, 7), 90).save(out, format=kind)
    return out.getvalue()


def document() -> bytes:
    out = io.BytesIO()
    Document().save(out)
    return out.getvalue()


def workbook() -> bytes:
    out = io.BytesIO()
    Workbook().save(out)
    return out.getvalue()


def with_macros() -> bytes:
    out = io.BytesIO(document())
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("word/vbaProject.bin", b"macro")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (picture("JPEG"), "image/jpeg"),
        (picture("JPEG", "L"), "image/jpeg"),
        (picture("PNG", "RGBA"), "image/png"),
        (picture("PNG", "P"), "image/png"),
        (picture("WEBP"), "image/webp"),
        (b"%PDF-1.7\n%%EOF\n", "application/pdf"),
        (document(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (workbook(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (b"ID3\x03\x00\x00\x00\x00\x00\x00" + b"\x00" * 64, "audio/mpeg"),
        (b"OggS\x00\x02" + b"\x00" * 64, "audio/ogg"),
        (b"#!AMR\n<" + b"\x00" * 64, "audio/amr"),
        (b"\x1a\x45\xdf\xa3\x42\x82\x84webm\x86\x86A_OPUS" + b"\x00" * 64, "audio/webm"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00" * 32, "video/mp4"),
    ],
    ids="jpeg grey png palette webp pdf docx xlsx mp3 ogg amr webm mp4".split(),
)
def test_photos_documents_and_recordings_are_taken(content: bytes, media_type: str) -> None:
    assert check_file(content, "tệp.bin").media_type == media_type


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"%PDF-1.7\n" + b"0" * LARGEST, "too_large"),
        (b"just text", "not_taken"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "not_taken"),
        (b"\x7fELF" + b"\x00" * 99, "not_taken"),
        (with_macros(), "not_taken"),
        (b"PK\x03\x04" + b"\x00" * 99, "not_taken"),
        (picture("PNG")[:30], "damaged"),
        (picture("GIF"), "not_taken"),
        (b"\x1a\x45\xdf\xa3webm\x86\x85V_VP8\x86\x86A_OPUS" + b"\x00" * 64, "not_taken"),
    ],
    ids=["empty", "large", "text", "svg", "program", "macros", "zip", "cut", "gif", "webm video"],
)
def test_everything_else_is_refused_with_its_reason(content: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_file(content, "ảnh.jpg")

    assert refused.value.values["reason"] == reason


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked() -> None:
    header = picture("PNG")
    wide = header[:16] + (60_000).to_bytes(4, "big") * 2 + header[24:]

    with pytest.raises(InvalidInput):
        check_file(wide, "bomb.png")


def test_a_picture_is_turned_upright_before_it_forgets_how_it_was_held() -> None:
    sideways = Image.new("RGB", (20, 10))
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    sideways.save(out, format="JPEG", exif=exif)

    with Image.open(io.BytesIO(check_file(out.getvalue(), "a.jpg").content)) as upright:
        assert upright.size == (10, 20)
        assert not upright.getexif()
