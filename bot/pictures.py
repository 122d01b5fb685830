"""Pictures made small enough for a platform, as little as is needed."""

from __future__ import annotations

import io

from PIL import Image

_SIDES = (3_000, 2_400, 1_920, 1_440, 1_080, 800)
_QUALITIES = (85, 70)


def within(content: bytes, media_type: str, largest: int) -> tuple[bytes, str]:
    """A picture of at most `largest` bytes and its media type; one that fits stays as it is.

    Args:
        content: a picture that was checked before it was stored.
    """
    if len(content) <= largest:
        return content, media_type
    with Image.open(io.BytesIO(content)) as opened:
        whole = _on_white(opened)
    smallest = b""
    for side in _SIDES:
        # A scanned page is read by its letters: rather a harder squeeze than fewer pixels.
        for quality in _QUALITIES:
            smallest = _jpeg(whole, side, quality)
            if len(smallest) <= largest:
                return smallest, "image/jpeg"
    return smallest, "image/jpeg"


def size_of(content: bytes) -> tuple[int, int]:
    """Width and height in pixels."""
    with Image.open(io.BytesIO(content)) as opened:
        return opened.size


def _on_white(picture: Image.Image) -> Image.Image:
    """Without transparency, which JPEG has not: paper is white."""
    if "A" not in picture.getbands():
        return picture.convert("RGB")
    ground = Image.new("RGB", picture.size, "white")
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground


def _jpeg(picture: Image.Image, side: int, quality: int) -> bytes:
    smaller = picture.copy()
    smaller.thumbnail((side, side))
    out = io.BytesIO()
    smaller.save(out, format="JPEG", quality=quality, optimize=True)
    return out.getvalue()
