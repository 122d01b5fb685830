"""Vietnamese sentences, names and legal wording live in tables, never inside functions."""

from __future__ import annotations

import ast
import unicodedata
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.guards.checkout import modules, name_of

# Modules whose very purpose is to hold what people read.
PHRASE_TABLES = ("bot/phrases*.py", "bot/phrases/*.py", "admin/wording*.py")

PRODUCT = "Tiếp Dân"  # a proper name, the same in every language

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def is_vietnamese(text: str) -> bool:
    """Whether it has a Vietnamese letter; a lone letter or a set of letters is no text."""
    if text == PRODUCT:
        return False
    marked = [character for character in text if _is_marked(character)]
    is_letter_set = len(marked) == len(text) == len(set(text)) and len(text) not in (2, 3)
    return bool(marked) and not is_letter_set


def _is_marked(character: str) -> bool:
    decomposed = unicodedata.normalize("NFD", character)
    return character in "đĐ" or any(unicodedata.combining(part) for part in decomposed)


def sentences_inside_functions(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, text) of each Vietnamese string in a function's body or defaults."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and isinstance(node.body[0], ast.Expr)
    }
    seen: set[int] = set()
    for function in ast.walk(tree):
        if not isinstance(function, _Function):
            continue
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in docstrings | seen
                and is_vietnamese(node.value)
            ):
                seen.add(id(node))
                yield node.lineno, node.value


def _ordinary_modules() -> list[Path]:
    return [
        path
        for path in modules()
        if not any(fnmatch(name_of(path), pattern) for pattern in PHRASE_TABLES)
    ]


def test_no_function_holds_a_vietnamese_text() -> None:
    found = [
        f"{name_of(path)}:{line}: {text!r}"
        for path in _ordinary_modules()
        for line, text in sentences_inside_functions(ast.parse(path.read_text(encoding="utf-8")))
    ]

    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    return 'Đã tiếp nhận'",
        "def f(name):\n    return f'Kính gửi {name}'",
        "class C:\n    async def f(self, x='tố cáo'): ...",
        "key = lambda: 'đơn'",
        "def f():\n    'Nói gì đó.'\n    return {'a': ['nội dung']}",
    ],
)
def test_the_guard_sees_a_text_wherever_it_hides(source: str) -> None:
    assert len(list(sentences_inside_functions(ast.parse(source)))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "TABLE = {'KN': 'khiếu nại'}",
        "def f():\n    '''Thụ lý: accept.'''\n    return 'accepted'",
        "def f(text):\n    return text.replace('đ', 'd')",
        "class C:\n    '''Đơn.'''\n    code = 'KN'",
    ],
)
def test_the_guard_leaves_tables_docstrings_and_letters_alone(source: str) -> None:
    assert list(sentences_inside_functions(ast.parse(source))) == []
