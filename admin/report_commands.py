"""`tiepdan report …`: the section, the forms, and the check of typed totals."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import click

from admin.reports.check import check_totals
from admin.reports.figures import figures_of
from admin.reports.findings import wording
from admin.reports.forms import build_forms, forms_payload
from admin.reports.markdown import to_markdown
from admin.reports.payload import section_payload
from admin.reports.section import build_section
from admin.reports.sending import check_may_be_sent
from admin.reports.totals import LARGEST, read_totals
from intake.clock import local_date, utc_now
from intake.errors import InvalidInput
from intake.office import Office, open_office
from intake.periods import resolve_period
from intake.register import list_days
from intake.settings import load_settings

_SERVED = "http://127.0.0.1:8000"


class _Unreadable(click.ClickException):
    """A file that is none of ours: bad usage."""

    exit_code = 2


def register(group: click.Group) -> None:
    """Add the commands to `tiepdan`."""
    group.add_command(report)


@click.group("report")
def report() -> None:
    """Reports: the citizen-reception section, the statistical forms, the check of totals."""


_AGENCY = click.option("--agency", required=True, metavar="CODE", help="the agency that reports")
_PERIOD = click.option(
    "--period", required=True, metavar="P", help="2026-Q3, 2026-6T, 2026-9T, 2026-NAM or FROM..TO"
)
_REGIME = click.option(
    "--regime", metavar="R", default="ttcp", show_default=True, help="ttcp, dan-van, local, kstt"
)
_SCOPE = click.option(
    "--scope", type=click.Choice(["own", "all"]), default="own", show_default=True,
    help="the agency alone, or with the bodies below it",
)  # fmt: skip
_DRAFT = click.option("--draft", is_flag=True, help="write it although data are missing, marked")
_LIVE = click.option("--live", is_flag=True, help="count now although the numbers were fixed")
_AS_OF = click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="day of drafting (default: today)"
)
_OUTPUT = click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path)
)


@report.command("section")
@_AGENCY
@_PERIOD
@_REGIME
@_SCOPE
@click.option("--format", "form", type=click.Choice(["json", "docx", "md"]), required=True)
@_DRAFT
@_LIVE
@_AS_OF
@_OUTPUT
def section(
    agency: str, period: str, regime: str, scope: str, form: str, draft: bool, live: bool,
    as_of: date | None, output: Path,
) -> None:  # fmt: skip
    """Write the citizen-reception section of an agency's report.

    JSON is the working copy: it is also written while zeros are unconfirmed or a rule is broken,
    and says so (`ready`, `findings`). Documents are refused then, unless --draft marks them.
    """
    office, now = open_office(load_settings()), utc_now()
    with office.store.read() as tx:
        chosen = resolve_period(period, regime, today=_day(as_of))
        figures = figures_of(office, tx, agency, chosen, today=_day(as_of), scope=scope, live=live)
        days = list_days(tx, agency, first=figures.period.first_day, last=figures.period.last_day)
    check_may_be_sent(figures, working_copy=form == "json", draft=draft)
    written = build_section(figures, days, now=now)
    if form == "json":
        payload = section_payload(written, public_url=_public(office))
        content = _json(payload)
    elif form == "md":
        content = to_markdown(written).encode()
    else:
        # Imported when a document is asked for: the library would double the server's start.
        from admin.reports.docx import to_docx

        content = to_docx(written, public_url=_public(office))
    _write(output, content)


@report.command("forms")
@_AGENCY
@_PERIOD
@_REGIME
@_SCOPE
@click.option("--format", "form", type=click.Choice(["xlsx", "json"]), required=True)
@_DRAFT
@_LIVE
@_AS_OF
@_OUTPUT
def forms(
    agency: str, period: str, regime: str, scope: str, form: str, draft: bool, live: bool,
    as_of: date | None, output: Path,
) -> None:  # fmt: skip
    """Write the six statistical forms."""
    office, now = open_office(load_settings()), utc_now()
    with office.store.read() as tx:
        chosen = resolve_period(period, regime, today=_day(as_of))
        figures = figures_of(office, tx, agency, chosen, today=_day(as_of), scope=scope, live=live)
    check_may_be_sent(figures, working_copy=form == "json", draft=draft)
    book = build_forms(figures, now=now)
    if form == "json":
        content = _json(forms_payload(book, public_url=_public(office)))
    else:
        # Imported when a document is asked for: the library would double the server's start.
        from admin.reports.xlsx import to_xlsx

        content = to_xlsx(book)
    _write(output, content)


@report.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(file: Path) -> None:
    """Check typed totals (JSON or XLSX) and print each rule they break; exit 1 if an E-rule is."""
    notes = wording()["note"]
    try:
        with file.open("rb") as stream:
            totals = read_totals(stream.read(LARGEST + 1))
    except OSError as error:
        raise _Unreadable(f"{file.name}: {error.strerror}") from error
    except InvalidInput as error:
        raise _Unreadable(f"{file.name}: {error}") from error
    for path in totals.unknown_keys:
        click.echo(notes["unknown_key"].format(path=path), err=True)
    found = check_totals(totals, today=local_date(utc_now()))
    for each in found:
        click.echo(each.line)
    if not found:
        click.echo(notes["nothing" if totals.states_nothing else "clean"], err=True)
    if any(each.blocks for each in found):
        click.get_current_context().exit(1)


def _day(as_of: date | None) -> date:
    # click hands a datetime at midnight; the day itself was typed.
    return local_date(utc_now()) if as_of is None else date(as_of.year, as_of.month, as_of.day)


def _public(office: Office) -> str:
    """Where links lead: the address set, or the one `tiepdan serve` has by default."""
    return (office.settings.public_url or _SERVED).rstrip("/")


def _json(payload: object) -> bytes:
    return (json.dumps(payload, ensure_ascii=False, indent=1) + "\n").encode()


def _write(output: Path, content: bytes) -> None:
    try:
        output.write_bytes(content)
    except OSError as error:
        raise click.ClickException(f"{output.name}: {error.strerror}") from error
