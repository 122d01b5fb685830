"""Installs are the same everywhere: exact versions, hashes, and no address of any index."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.guards.checkout import ROOT

LOCKS = ("requirements.lock", "requirements-build.lock", "requirements-dev.lock")


def _lock(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _pins(name: str) -> set[str]:
    return set(re.findall(r"^(\S+==[^\s;]+)", _lock(name), re.MULTILINE))


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_address(name: str) -> None:
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", _lock(name))


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_of_a_lock_is_exact_and_hashed(name: str) -> None:
    entries = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", _lock(name), flags=re.MULTILINE))

    assert entries
    for entry in entries:
        assert re.match(r"[\w.\[\],-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-build.lock"])
def test_what_runs_is_what_was_tested(name: str) -> None:
    assert _pins(name) <= _pins("requirements-dev.lock")


def test_the_build_backend_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert project["build-system"]["requires"] == project["dependency-groups"]["build"]


def test_every_dependency_of_the_product_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    named = {
        re.split(r"[\[<>=!~;\s]", requirement)[0].lower()
        for requirement in project["project"]["dependencies"]
    }
    locked = {re.split(r"==|\[", pin)[0].lower() for pin in _pins("requirements.lock")}

    assert named <= locked
