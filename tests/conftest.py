"""What every test can use: databases, browsers and servers, each explained in its own file."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.network import stay_on_this_machine

# Thousands of small databases, each commit synced to a slow disk, would be most of the suite's
# time. Files in memory are synced by the same calls; where the machine lends none, the disk serves.
_MEMORY = Path("/dev/shm")
_ENOUGH = 1 << 30
if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ENOUGH:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

pytest_plugins = ["tests.browser", "tests.database", "tests.serving"]

stay_on_this_machine()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what drives a browser, so that `-m "not browser"` leaves it out."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "browser" in fixtures:
            item.add_marker(pytest.mark.browser)
        if "postgres_server" in fixtures:
            item.add_marker(pytest.mark.postgresql)
