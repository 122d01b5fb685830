"""Which communes a point on the map is near.

Open data gives one point of each commune, near its middle, and no borders. So a point leads to a
few communes to choose from, the nearest first; the person says which.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from intake.errors import DataFault
from intake.places import DATA, read_table

_KM_A_DEGREE = 111.2
_FARTHEST_KM = 25.0  # the middle of no commune's land lies farther away
_COORDINATES = re.compile(
    r"(?<![\d.])(-?\d{1,2}(?:\.\d{1,17})?)\s*[,;]\s*(-?\d{1,3}(?:\.\d{1,17})?)(?![\d.])"
)


@dataclass(frozen=True)
class Point:
    """Degrees north and east."""

    latitude: float
    longitude: float


@dataclass(frozen=True)
class Near:
    """A commune of today (by code) and how far away its point is."""

    code: str
    kilometres: float


def point_in(text: str) -> Point | None:
    """The coordinates a text holds ("10.2537, 105.9722"); None: none in Việt Nam."""
    for found in _COORDINATES.finditer(text):
        point = Point(float(found[1]), float(found[2]))
        is_here = 6 < point.latitude < 24 and 102 < point.longitude < 118
        # Dates, house numbers and sums of money look alike otherwise.
        if is_here and "." in found[1] and "." in found[2]:
            return point
    return None


def communes_near(point: Point, among: Iterable[str], *, most: int = 3) -> list[Near]:
    """The nearest communes of `among` (codes), nearest first; none where all are far away."""
    points = commune_points()
    found = sorted(
        (Near(code, distance(point, points[code])) for code in among if code in points),
        key=lambda near: near.kilometres,
    )
    return [near for near in found[:most] if near.kilometres <= _FARTHEST_KM]


def distance(one: Point, other: Point) -> float:
    """Kilometres between two points a province apart at most: the earth is taken as flat."""
    east = (other.longitude - one.longitude) * math.cos(math.radians(one.latitude))
    return _KM_A_DEGREE * math.hypot(other.latitude - one.latitude, east)


@cache
def commune_points(path: Path = DATA / "points.tsv") -> dict[str, Point]:
    """Every commune's point by its code.

    Raises:
        DataFault: with file and line of the first fault.
    """
    points: dict[str, Point] = {}
    for line, (code, latitude, longitude) in read_table(path, ("code", "latitude", "longitude")):
        try:
            points[code] = Point(float(latitude), float(longitude))
        except ValueError as error:
            raise DataFault(file=path.name, line=line, fault="no degrees") from error
    return points
