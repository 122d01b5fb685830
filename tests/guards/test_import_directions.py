"""bot → intake ← admin, and the product needs nothing that only tests install."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.guards.checkout import PACKAGES, ROOT, modules, name_of


def test_no_import_goes_against_the_layers() -> None:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    run = subprocess.run(
        [sys.executable, "-c", command, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr


def test_the_product_imports_only_what_make_run_installs() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    installed = {_normal(name) for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}
    distributions = packages_distributions()

    unknown = {
        f"{name_of(path)} imports {top}"
        for path in modules()
        for top in _imported(path)
        if top not in sys.stdlib_module_names
        and top not in PACKAGES
        and not installed & {_normal(name) for name in distributions.get(top, [])}
    }

    assert unknown == {"intake/route_fitting.py imports numpy"}, (
        "only learning anew may use an extra"
    )


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
