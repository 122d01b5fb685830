"""GeoReport v2 documents in its two formats: the same names and values as JSON and as XML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from fastapi.responses import Response

JSON, XML = "json", "xml"
FORMATS = (JSON, XML)

Item = Mapping[str, Any]

# What XML 1.0 can't carry even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def listing(
    items: Sequence[Item], *, root: str, each: str, kind: str, status: int = 200
) -> Response:
    """A list: a JSON array, or `<root>` with an `<each>` element for every item."""
    if kind == JSON:
        return _json(list(items), status)
    top = ET.Element(root)
    for item in items:
        _fill(ET.SubElement(top, each), item)
    return _xml(top, status)


def document(item: Item, *, root: str, kind: str) -> Response:
    """One object: a JSON object, or `<root>`.

    A list inside it becomes, in XML, an element that holds one element for each entry, named in the
    singular (`endpoints` → `endpoint`).
    """
    if kind == JSON:
        return _json(item, 200)
    top = ET.Element(root)
    _fill(top, item)
    return _xml(top, 200)


def errors(code: int, description: str, *, kind: str, headers: Mapping[str, str]) -> Response:
    """The one shape of every refusal: `[{"code", "description"}]` or `<errors><error>`."""
    item = {"code": code, "description": description}
    shown = kind if kind in FORMATS else JSON
    response = listing([item], root="errors", each="error", kind=shown, status=code)
    response.headers.update(headers)
    return response


def _fill(element: ET.Element, item: Item) -> None:
    for name, value in item.items():
        child = ET.SubElement(element, name)
        if isinstance(value, Mapping):
            _fill(child, value)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            for entry in value:
                inner = ET.SubElement(child, name.removesuffix("s"))
                if isinstance(entry, Mapping):
                    _fill(inner, entry)
                else:
                    inner.text = _text(entry)
        elif value is not None:
            child.text = _text(value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return _NOT_XML.sub("", str(value))


def _json(content: object, status: int) -> Response:
    body = json.dumps(content, ensure_ascii=False).encode()
    return Response(body, status, media_type="application/json")


def _xml(top: ET.Element, status: int) -> Response:
    body = ET.tostring(top, encoding="utf-8", xml_declaration=True)
    return Response(body, status, media_type="text/xml; charset=utf-8")
