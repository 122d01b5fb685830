"""Whoever reads the rules finds out what each public name means."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.guards.checkout import modules, name_of

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def unexplained(node: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[str]:
    """Public functions and classes without a docstring, methods included."""
    for child in node.body:
        if not isinstance(child, _Definition) or child.name.startswith("_"):
            continue
        name = prefix + child.name
        if ast.get_docstring(child) is None and not _restates(child):
            yield name
        if isinstance(child, ast.ClassDef):
            yield from unexplained(child, f"{name}.")


def _restates(node: _Definition) -> bool:
    """Overloads and property setters repeat a name that is explained elsewhere."""
    return any(
        (isinstance(decorator, ast.Attribute) and decorator.attr in ("setter", "deleter"))
        or (isinstance(decorator, ast.Name) and decorator.id in ("overload", "override"))
        for decorator in node.decorator_list
    )


def test_every_public_name_of_intake_has_a_docstring() -> None:
    missing = [
        f"{name_of(path)}: {name}"
        for path in modules("intake")
        if "versions" not in path.parts
        for name in unexplained(ast.parse(path.read_text(encoding="utf-8")))
    ]

    assert not missing, "\n".join(missing)


def test_every_module_says_what_belongs_in_it() -> None:
    silent = [
        name_of(path)
        for path in modules()
        if ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None
    ]

    assert not silent
