"""The report as Markdown, to be pasted into a larger report."""

from __future__ import annotations

from admin.reports.phrases import plain, table
from admin.reports.section import Grid, Section

_PREFIX = {"heading1": "## ", "heading2": "### ", "hint": "> ", "note": "*", "missing": "**"}
_SUFFIX = {"note": "*", "missing": "**"}


def to_markdown(section: Section) -> str:
    """The whole report; ends with a newline."""
    titles = table()["title"]
    lines = []
    if not section.ready:
        lines += [f"> **{titles['draft']}**", ""]
    lines += [f"# {titles['kind']}", "", f"**{section.subject}**", ""]
    for paragraph in section.paragraphs:
        text = plain(paragraph.runs)
        lines += [f"{_PREFIX.get(paragraph.kind, '')}{text}{_SUFFIX.get(paragraph.kind, '')}", ""]
    for grid in (section.summary, section.trend):
        if grid is not None and grid.rows:
            lines += _grid(grid)
    return "\n".join(lines).rstrip() + "\n"


def _grid(grid: Grid) -> list[str]:
    return [
        f"## {grid.caption}",
        "",
        _row(grid.head),
        _row(["---"] * len(grid.head)),
        *(_row([cell.text for cell in row]) for row in grid.rows),
        "",
        f"*{grid.footer}*",
        "",
    ]


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
