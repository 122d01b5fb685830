"""What is delivered works without the checkout: all code, all data, the command."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.guards.checkout import PACKAGES, ROOT, name_of, tracked_files


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = Path(folder).glob("tiepdan-*.whl")
    return zipfile.Path(built)


def test_the_wheel_carries_every_file_of_the_three_packages(wheel: zipfile.Path) -> None:
    delivered = set(wheel.root.namelist())
    wanted = {name_of(path) for path in tracked_files() if name_of(path).split("/")[0] in PACKAGES}

    assert wanted - delivered == set()


def test_the_wheel_carries_nothing_else(wheel: zipfile.Path) -> None:
    tops = {name.split("/")[0] for name in wheel.root.namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_the_wheel_installs_the_command_and_its_licence(wheel: zipfile.Path) -> None:
    (information,) = (top for top in wheel.iterdir() if top.name.endswith(".dist-info"))

    assert "tiepdan = intake.cli:main" in (information / "entry_points.txt").read_text("utf-8")
    assert "Apache License" in (information / "licenses" / "LICENSE").read_text("utf-8")
