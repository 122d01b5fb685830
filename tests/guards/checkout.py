"""The files of this checkout, for tests that look at the project itself."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("admin", "bot", "intake")


@cache
def tracked_files() -> tuple[Path, ...]:
    """Every committed or staged file that still exists, as absolute paths."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("NO GIT CHECKOUT: the committed files are not known here")
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), "ls-files", "-z"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return tuple(ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file())


def modules(*packages: str) -> list[Path]:
    """The Python files of the named packages (default: all three), sorted."""
    return sorted(
        path for package in packages or PACKAGES for path in (ROOT / package).rglob("*.py")
    )


def name_of(path: Path) -> str:
    """The path as messages and test ids show it."""
    return path.relative_to(ROOT).as_posix()
