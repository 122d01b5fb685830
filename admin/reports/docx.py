"""The report as a Word document in the layout of NĐ 30/2020/NĐ-CP, Phụ lục I.

A4, margins 20/20/30/15 mm, Times New Roman, page number centred in the top margin and hidden on
page 1, Quốc hiệu with the line under the motto, justified text with a first-line indent. Every
number is a link to the console page that lists its records; printed, it looks like text.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_COLOR_INDEX
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Mm, Pt, RGBColor
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph as DocxParagraph
from docx.text.run import Run as DocxRun

from admin.reports.bodies import in_lines
from admin.reports.links import number_path
from admin.reports.phrases import Run, table
from admin.reports.section import Grid, Section
from intake.periods import regime_of

FONT = "Times New Roman"
_BODY, _SMALL, _HEAD, _COPIES = Pt(14), Pt(13), Pt(12), Pt(11)
_TABLE_SIZE = Pt(11)
_RED = RGBColor(0xC0, 0x00, 0x00)
# Widths of the summary's columns; together the 165 mm between the margins.
_SUMMARY_WIDTHS = (11, 46, 17, 18, 17, 16, 15, 25)


def to_docx(section: Section, *, public_url: str = "") -> bytes:
    """The document's bytes.

    Args:
        public_url: what links begin with; "" makes a document without links.
    """
    document = Document()
    writer = _Writer(document, section, public_url)
    writer.page()
    writer.letterhead()
    writer.title()
    writer.body()
    writer.signature()
    writer.annex()
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


class _Writer:
    def __init__(self, document: DocumentType, section: Section, public_url: str) -> None:
        self.document = document
        self.section = section
        self.public_url = public_url
        self.words = table()
        self.body_info = section.figures.body

    # ---- the sheet ----------------------------------------------------------------------------

    def page(self) -> None:
        """Paper, margins, styles, page number, properties."""
        sheet = self.document.sections[0]
        sheet.orientation = WD_ORIENT.PORTRAIT
        sheet.page_width, sheet.page_height = Mm(210), Mm(297)
        sheet.top_margin = sheet.bottom_margin = Mm(20)
        sheet.left_margin, sheet.right_margin = Mm(30), Mm(15)
        sheet.header_distance = Mm(10)
        sheet.different_first_page_header_footer = True
        number = sheet.header.paragraphs[0]
        number.alignment = WD_ALIGN_PARAGRAPH.CENTER
        _field(number.add_run(), "PAGE")
        normal = self.document.styles["Normal"]
        normal.font.name = FONT
        normal.font.size = _BODY
        fonts = normal.element.get_or_add_rPr().get_or_add_rFonts()
        for name in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
            fonts.set(qn(name), FONT)
        language = OxmlElement("w:lang")
        language.set(qn("w:val"), "vi-VN")
        language.set(qn("w:eastAsia"), "vi-VN")
        normal.element.get_or_add_rPr().append(language)
        normal.paragraph_format.space_after = Pt(0)
        normal.paragraph_format.space_before = Pt(0)
        normal.paragraph_format.line_spacing = 1.0
        for name in ("Header", "Footer"):
            self.document.styles[name].font.size = _SMALL
        properties = self.document.core_properties
        properties.title = self.section.subject
        properties.author = self.body_info.name
        properties.last_modified_by = self.body_info.name
        properties.comments = ""
        properties.language = "vi-VN"
        moment: datetime = self.section.generated_at.replace(tzinfo=None)
        properties.created = properties.modified = moment

    # ---- letterhead ---------------------------------------------------------------------------

    def letterhead(self) -> None:
        """Issuer left, Quốc hiệu right; number left, place and date right."""
        letter = self.words["letter"]
        grid = self._grid(2, 2, (68, 97))
        left, right = grid.cell(0, 0), grid.cell(0, 1)
        first = left.paragraphs[0]
        for name, bold in ((self.body_info.superior, False), (self.body_info.name, True)):
            if name:
                for line in in_lines(name):
                    self._centred(first, line.upper(), _HEAD, bold=bold)
                    first = left.add_paragraph()
        _rule(first, width_mm=22, sheet_mm=64)
        self._centred(right.paragraphs[0], letter["nation"], _HEAD, bold=True)
        motto = right.add_paragraph()
        self._centred(motto, letter["motto"], _SMALL, bold=True)
        # The line is as long as the motto, which is 60 mm wide at 13 points.
        _rule(right.add_paragraph(), width_mm=60, sheet_mm=93)
        symbol = self.body_info.symbol or letter["symbol_blank"]
        self._centred(grid.cell(1, 0).paragraphs[0], letter["number"].format(symbol=symbol), _SMALL)
        place = letter["place_date"].format(
            place=self.body_info.place, year=self.section.figures.today.year
        )
        self._centred(grid.cell(1, 1).paragraphs[0], place, _SMALL, italic=True)
        for cell in (grid.cell(1, 0), grid.cell(1, 1)):
            cell.paragraphs[0].paragraph_format.space_before = Pt(6)

    def title(self) -> None:
        """BÁO CÁO, the subject with its line, the addressee."""
        titles = self.words["title"]
        if not self.section.ready:
            mark = self._paragraph(WD_ALIGN_PARAGRAPH.CENTER, before=12)
            run = mark.add_run(titles["draft"])
            run.bold, run.font.color.rgb, run.font.size = True, _RED, _SMALL
        kind = self._paragraph(WD_ALIGN_PARAGRAPH.CENTER, before=18)
        kind.add_run(titles["kind"]).bold = True
        kind.paragraph_format.keep_with_next = True
        subject = self._paragraph(WD_ALIGN_PARAGRAPH.CENTER)
        subject.add_run(self.section.subject).bold = True
        subject.paragraph_format.keep_with_next = True
        _rule(self._paragraph(WD_ALIGN_PARAGRAPH.CENTER), width_mm=60, sheet_mm=165)
        addressee = self._paragraph(WD_ALIGN_PARAGRAPH.CENTER, before=12, after=6)
        name = self._addressee()
        before, after = self.words["letter"]["addressee"].split("{name}")
        addressee.add_run(before)
        if name:
            addressee.add_run(name)
        else:
            _blank(addressee.add_run(f"[{self.words['blank']['addressee']}]"))
        addressee.add_run(after)

    def _addressee(self) -> str:
        regime = regime_of(self.section.figures.period.regime)
        if self.body_info.is_province:
            return regime.addressee_province
        return regime.addressee_unit.format(province=self.body_info.province)

    # ---- text ---------------------------------------------------------------------------------

    def body(self) -> None:
        """All paragraphs of the section."""
        # The signature never stands on a page of its own: the last lines go with it.
        together = len(self.section.paragraphs) - 2
        for index, paragraph in enumerate(self.section.paragraphs):
            made = self._paragraph(WD_ALIGN_PARAGRAPH.JUSTIFY, before=6)
            if paragraph.kind == "note":
                made.alignment = WD_ALIGN_PARAGRAPH.CENTER
            else:
                made.paragraph_format.first_line_indent = Cm(1.27)
            if paragraph.kind in ("heading1", "heading2"):
                made.paragraph_format.keep_with_next = True
            if index >= together:
                made.paragraph_format.keep_with_next = True
                made.paragraph_format.keep_together = True
            if paragraph.kind in ("heading1", "heading2"):
                _outline(made, 0 if paragraph.kind == "heading1" else 1)
            for run in paragraph.runs:
                self._run(made, run, paragraph.kind)

    def _run(self, paragraph: DocxParagraph, run: Run, kind: str) -> None:
        if run.number and self.public_url:
            address = self.public_url + number_path(self.section.figures, run.number)
            made = _link(paragraph, run.text, address)
        else:
            made = paragraph.add_run(run.text)
        made.bold = kind in ("heading1", "heading2")
        made.italic = kind in ("note", "hint")
        if run.style == "blank":
            _blank(made)
        if run.style == "missing":
            made.font.color.rgb = _RED
            made.bold = True

    def signature(self) -> None:
        """Nơi nhận on the left, level with the signer's capacity on the right."""
        letter = self.words["letter"]
        spacer = self._paragraph(WD_ALIGN_PARAGRAPH.LEFT)
        spacer.paragraph_format.keep_with_next = True
        grid = self._grid(1, 2, (82, 83))
        left, right = grid.cell(0, 0), grid.cell(0, 1)
        copies = left.paragraphs[0]
        title = copies.add_run(letter["copies"])
        title.bold = title.italic = True
        title.font.size = _HEAD
        archive = letter["copies_archive"].format(archive=self.body_info.archive)
        for text in (letter["copies_first"], archive):
            left.add_paragraph().add_run(text).font.size = _COPIES
        paragraph = right.paragraphs[0]
        for index, line in enumerate(self.body_info.signature):
            if index:
                paragraph = right.add_paragraph()
            self._centred(paragraph, line, _BODY, bold=True)
        for _ in range(4):
            self._centred(right.add_paragraph(), "", _BODY)
        name = right.add_paragraph()
        name.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = name.add_run(f"[{self.words['blank']['signer']}]")
        run.bold = True
        _blank(run)
        _unbroken(grid)

    # ---- tables -------------------------------------------------------------------------------

    def annex(self) -> None:
        """The summary table on pages of its own."""
        titles = self.words["title"]
        if not self.section.summary.rows:
            return
        # An annex counts its own pages.
        sheet = self.document.add_section(WD_SECTION.NEW_PAGE)
        numbering: Any = OxmlElement("w:pgNumType")
        numbering.set(qn("w:start"), "1")
        sheet._sectPr.append(numbering)
        head = self._paragraph(WD_ALIGN_PARAGRAPH.CENTER)
        head.add_run(titles["table_annex"]).bold = True
        name = self._paragraph(WD_ALIGN_PARAGRAPH.CENTER)
        name.add_run(self.section.summary.caption).bold = True
        of = self._paragraph(WD_ALIGN_PARAGRAPH.CENTER, after=6)
        run = of.add_run(titles["table_of"].format(agency=self.body_info.name))
        run.italic, run.font.size = True, _SMALL
        self._table(self.section.summary, _SUMMARY_WIDTHS)
        if self.section.trend is not None and self.section.trend.rows:
            caption = self._paragraph(WD_ALIGN_PARAGRAPH.CENTER, before=12, after=6)
            caption.add_run(self.section.trend.caption).bold = True
            self._table(self.section.trend, (45, 24, 24, 24, 24, 24))

    def _table(self, grid: Grid, widths: Sequence[float]) -> None:
        made = self.document.add_table(rows=1, cols=len(grid.head))
        made.style = self.document.styles["Table Grid"]
        made.alignment = WD_TABLE_ALIGNMENT.CENTER
        made.autofit = False
        for cell, text in zip(made.rows[0].cells, grid.head, strict=True):
            self._cell(cell, text, bold=True, align=WD_ALIGN_PARAGRAPH.CENTER)
        _repeat_head(made)
        for row in grid.rows:
            cells = made.add_row().cells
            for cell, value in zip(cells, row, strict=True):
                right = WD_ALIGN_PARAGRAPH.RIGHT if value.numeric else WD_ALIGN_PARAGRAPH.LEFT
                self._cell(cell, value.text, align=right, number=value.number)
        for made_row in made.rows:
            _unsplit(made_row)
            for cell, width in zip(made_row.cells, widths, strict=True):
                cell.width = Mm(width)
        for column, width in zip(made.columns, widths, strict=True):
            column.width = Mm(width)
        footer = self._paragraph(WD_ALIGN_PARAGRAPH.LEFT, before=6)
        run = footer.add_run(grid.footer)
        run.italic, run.font.size = True, _COPIES

    def _cell(
        self,
        cell: _Cell,
        text: str,
        *,
        bold: bool = False,
        align: WD_ALIGN_PARAGRAPH,
        number: str = "",
    ) -> None:
        paragraph = cell.paragraphs[0]
        paragraph.alignment = align
        if number and self.public_url:
            address = self.public_url + number_path(self.section.figures, number)
            run = _link(paragraph, text, address)
        else:
            run = paragraph.add_run(text)
        run.bold = bold
        run.font.size = _TABLE_SIZE

    # ---- helpers ------------------------------------------------------------------------------

    def _paragraph(
        self, alignment: WD_ALIGN_PARAGRAPH, *, before: float = 0, after: float = 0
    ) -> DocxParagraph:
        made = self.document.add_paragraph()
        made.alignment = alignment
        made.paragraph_format.space_before = Pt(before)
        made.paragraph_format.space_after = Pt(after)
        return made

    def _centred(
        self,
        paragraph: DocxParagraph,
        text: str,
        size: Pt,
        *,
        bold: bool = False,
        italic: bool = False,
    ) -> None:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = paragraph.add_run(text)
        run.bold, run.italic, run.font.size = bold, italic, size

    def _grid(self, rows: int, columns: int, widths: Sequence[float]) -> Table:
        """A table without borders, for things that stand side by side."""
        made: Table = self.document.add_table(rows=rows, cols=columns)
        made.autofit = False
        made.alignment = WD_TABLE_ALIGNMENT.CENTER
        for row in made.rows:
            for cell, width in zip(row.cells, widths, strict=True):
                cell.width = Mm(width)
        for column, width in zip(made.columns, widths, strict=True):
            column.width = Mm(width)
        return made


# ---- what python-docx has no words for -----------------------------------------------------------


def _field(run: DocxRun, code: str) -> None:
    for kind, text in (("begin", ""), ("", code), ("end", "")):
        if kind:
            part: Any = OxmlElement("w:fldChar")
            part.set(qn("w:fldCharType"), kind)
        else:
            part = OxmlElement("w:instrText")
            part.set(qn("xml:space"), "preserve")
            part.text = f" {text} "
        run._r.append(part)


def _link(paragraph: DocxParagraph, text: str, address: str) -> DocxRun:
    """A link that prints as plain text."""
    relation = paragraph.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    link: Any = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), relation)
    link.set(qn("w:history"), "1")
    run = paragraph.add_run(text)
    link.append(run._r)
    paragraph._p.append(link)
    return run


def _blank(run: DocxRun) -> None:
    run.italic = True
    run.font.highlight_color = WD_COLOR_INDEX.YELLOW


def _rule(paragraph: DocxParagraph, *, width_mm: float, sheet_mm: float) -> None:
    """An empty paragraph whose upper border is the line; indents on both sides centre it."""
    side = Mm(max((sheet_mm - width_mm) / 2, 0))
    paragraph.paragraph_format.left_indent = side
    paragraph.paragraph_format.right_indent = side
    paragraph.paragraph_format.line_spacing = Pt(4)
    paragraph.paragraph_format.space_before = Pt(2)
    borders: Any = OxmlElement("w:pBdr")
    top: Any = OxmlElement("w:top")
    for name, value in (("val", "single"), ("sz", "6"), ("space", "1"), ("color", "000000")):
        top.set(qn(f"w:{name}"), value)
    borders.append(top)
    properties = paragraph._p.get_or_add_pPr()
    # The schema wants the border before spacing and indents.
    place = next(
        (index for index, child in enumerate(properties)
         if child.tag in (qn("w:spacing"), qn("w:ind"), qn("w:jc"))),
        len(properties),
    )  # fmt: skip
    properties.insert(place, borders)


def _outline(paragraph: DocxParagraph, level: int) -> None:
    """Headings show in the navigation pane without Word's own heading styles."""
    mark: Any = OxmlElement("w:outlineLvl")
    mark.set(qn("w:val"), str(level))
    paragraph._p.get_or_add_pPr().append(mark)


def _repeat_head(grid: Table) -> None:
    mark: Any = OxmlElement("w:tblHeader")
    grid.rows[0]._tr.get_or_add_trPr().append(mark)


def _unsplit(row: Any) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def _unbroken(grid: Table) -> None:
    """The signature block stays on one page."""
    for row in grid.rows:
        _unsplit(row)
        for cell in row.cells:
            _keep(cell.paragraphs[:-1])


def _keep(paragraphs: Iterable[DocxParagraph]) -> None:
    for paragraph in paragraphs:
        paragraph.paragraph_format.keep_with_next = True
