"""A list typed by people, as rows of text: CSV, or the first sheet of an XLSX workbook."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from intake.errors import DataFault

LARGEST_FILE = 10 * 1024 * 1024
"""Bytes of a file that is read."""
LARGEST_UNPACKED = 100 * 1024 * 1024
"""Bytes a workbook may unpack to; a small file that claims more is an attack."""
MOST_ROWS = 100_000
"""Rows that are read; a longer list is refused."""


def read_sheet(path: Path) -> list[tuple[int, list[str]]]:
    """(line number, cells) of every line that holds anything.

    Dates become ISO, whole numbers lose their ".0", yes/no cells become "yes" and "no".

    Raises:
        DataFault: no CSV (UTF-8) and no XLSX, too large, or damaged.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise DataFault(file=path.name, line=0, fault="the file is too large")
        rows = _workbook(path) if zipfile.is_zipfile(path) else _csv(path)
        found = []
        for line, cells in rows:
            if line > MOST_ROWS:
                raise DataFault(file=path.name, line=line, fault="too many rows")
            if any(cells):
                found.append((line, cells))
    except OSError as error:
        raise DataFault(file=path.name, line=0, fault="the file cannot be read") from error
    return found


def _csv(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataFault(file=path.name, line=0, fault="neither UTF-8 text nor XLSX") from error
    if "\0" in text:
        raise DataFault(file=path.name, line=0, fault="neither UTF-8 text nor XLSX")
    first = text.split("\n", 1)[0]
    # Spreadsheets set to Vietnamese write semicolons, since the comma is their decimal sign.
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    try:
        for cells in reader:
            if not (cells and cells[0].startswith("#")):
                yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise DataFault(file=path.name, line=reader.line_num, fault=str(error)) from error


def _workbook(path: Path) -> Iterator[tuple[int, list[str]]]:
    # Loaded when a workbook comes: the server starts without it.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > LARGEST_UNPACKED:
            raise DataFault(file=path.name, line=0, fault="the workbook unpacks to too much")
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            for line, row in enumerate(book.worksheets[0].iter_rows(values_only=True), 1):
                yield line, [_cell(value) for value in row]
        finally:
            book.close()
    except (InvalidFileException, KeyError, ValueError, IndexError, SyntaxError) as error:
        # openpyxl lets parser faults through (ParseError is a SyntaxError).
        raise DataFault(file=path.name, line=0, fault="the workbook is damaged") from error
    except zipfile.BadZipFile as error:
        raise DataFault(file=path.name, line=0, fault="the workbook is damaged") from error


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
