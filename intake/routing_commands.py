"""`tiepdan route`, `tiepdan classify`: the routing at the command line, a JSON line in and out."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from intake.classification import classify, understand
from intake.directory import Directory
from intake.errors import InvalidInput, SetupRefused
from intake.office import open_office
from intake.petition import PetitionKind
from intake.places import Gazetteer
from intake.route_feedback import confirmed_routes, decisions_about, explained
from intake.route_learning import Sample, fold_lines, learn_and_compare, measure, read_samples
from intake.routing import Router, Routing, class_shares
from intake.routing_versions import model_named, use_models
from intake.settings import load_settings
from intake.store.petitions import content_of, get_petition

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
CIVIL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def register(group: click.Group) -> None:
    """Add the commands to `tiepdan`."""
    group.add_command(route_group)
    group.add_command(classify_lines)


@click.group("route", invoke_without_command=True)
@click.option("--jsonl", is_flag=True, help='lines {"id","text","place"?,"on"?} from stdin')
@click.pass_context
def route_group(context: click.Context, jsonl: bool) -> None:
    """Propose recipients; the subcommands learn from officers and compare models."""
    if context.invoked_subcommand is not None:
        return
    if not jsonl:
        raise click.UsageError("give --jsonl or a subcommand", context)
    router = load_router()
    today = datetime.now(CIVIL_ZONE).date()
    for line in _lines():
        routing = router.route(
            _text(line, "text"), place=line.get("place") or None, on=_day(line.get("on"), today)
        )
        _write({"id": line.get("id"), **as_json(routing)})


@click.command("classify")
@click.option("--jsonl", is_flag=True, required=True, help='lines {"id","text"} from stdin')
def classify_lines(jsonl: bool) -> None:
    """Kind, topic and evidence of texts."""
    for line in _lines():
        found = classify(_text(line, "text"))
        _write(
            {
                "id": line.get("id"),
                "kind": found.kind,
                "topic": found.topic,
                "score": found.score,
                "evidence": list(found.evidence),
                "intent": found.intent,
                "fields": list(found.fields),
                "urgent": found.urgent,
                "numbers": list(found.numbers),
            }
        )


@route_group.command("learn")
@click.argument("data", nargs=-1, type=_FILE)
@click.option("--from-register", is_flag=True, help="also the routes officers confirmed here")
@click.option("--held-back", "held_back", multiple=True, type=_FILE)
@click.option("--anew", is_flag=True, help="begin without the models in use; needs much data")
@click.option("--name", required=True, help="of the new version, such as 2027-01-31")
def learn_models(
    data: tuple[Path, ...],
    from_register: bool,
    held_back: tuple[Path, ...],
    anew: bool,
    name: str,
) -> None:
    """Learn from labelled petitions (JSONL) and the register; a worse version is refused.

    Without --held-back every fifth petition is held back to compare on.
    """
    samples = read_samples(data)
    if from_register:
        samples += _register_samples()
    kept = read_samples(held_back) if held_back else samples[::_HELD_BACK]
    if not held_back:
        samples = [sample for at, sample in enumerate(samples) if at % _HELD_BACK]
    if not samples:
        raise SetupRefused(reason="no petitions to learn from")
    folder = load_settings().data_dir / "models"
    before, after = learn_and_compare(samples, kept, folder, name, load_router(), onward=not anew)
    click.echo(f"in use now: {name}")
    for old, new in zip(before.lines(), after.lines(), strict=True):
        click.echo(f"{old}  →  {new.rpartition(' ')[2]}")


_HELD_BACK = 5  # every fifth


@route_group.command("export")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
def export_feedback(path: Path) -> None:
    """Write the routes officers confirmed as labelled petitions (JSONL); a file for one user only.

    Names, numbers and letter heads are taken out; denunciations stay in the register.
    """
    samples = _register_samples()
    lines = [
        json.dumps(
            {
                "id": sample.id,
                "text": sample.text,
                "classes": list(sample.classes),
                "kind": sample.kind,
            },
            ensure_ascii=False,
        )
        for sample in samples
    ]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in lines))
    click.echo(f"{len(samples)} petitions")


@route_group.command("explain")
@click.argument("reference")
def explain_route(reference: str) -> None:
    """Why a petition was proposed where it was: the stored reasons and versions, and by whom it
    was confirmed or corrected; beside it what those versions say today."""
    office = open_office(load_settings())
    try:
        with office.store.read() as tx:
            petition = get_petition(tx, reference)
            for line in explained(petition, decisions_about(tx, petition.id)):
                click.echo(line)
            if petition.kind in (PetitionKind.TC, PetitionKind.MIXED):
                return  # a denunciation is not opened to be explained
            text = content_of(tx, office.sealer, petition).text
        versions = petition.routing.get("versions")
        name = versions.get("classes", "") if isinstance(versions, dict) else ""
        model = model_named(name) if name else None
        if name and model is None:
            click.echo(f"again: version {name} is no longer here")
            return
        shares, rules = class_shares(understand(text), str(petition.kind), model)
        for code in sorted(shares, key=lambda c: (-shares[c], c))[:3]:
            because = f" ({', '.join(rules[code])})" if code in rules else ""
            click.echo(f"again: {code} {100 * shares[code]:.1f}{because}")
    finally:
        office.store.close()


def _register_samples() -> list[Sample]:
    office = open_office(load_settings())
    try:
        with office.store.read() as tx:
            return confirmed_routes(office, tx)
    finally:
        office.store.close()


@route_group.command("eval")
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option("--by-class", is_flag=True, help="also figures by class and the confusion table")
@click.option("--models", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--without-marks", is_flag=True, help="as if typed without tone marks")
def evaluate(
    files: tuple[Path, ...], by_class: bool, models: Path | None, without_marks: bool
) -> None:
    """Route labelled petitions (JSONL) and compare; --models compares another folder of models."""
    router = load_router()
    if models is not None:
        use_models(models)
    today = datetime.now(CIVIL_ZONE).date()
    change = fold_lines if without_marks else str
    figures = measure(router, read_samples(files), today, change)
    for line in figures.lines():
        click.echo(line)
    if by_class:
        for code, (count, first, lawful) in sorted(figures.by_class.items()):
            click.echo(f"{code}: {count} petitions, first {first}, lawful {lawful}")
        for (wanted, got), count in figures.confusion.most_common():
            click.echo(f"{wanted} → {got or '-'}: {count}")
        for (wanted, got), count in figures.kind_confusion.most_common():
            click.echo(f"kind {wanted} → {got}: {count}")


def load_router() -> Router:
    """The router of the province in the settings."""
    settings = load_settings()
    use_models(settings.data_dir / "models")
    gazetteer = Gazetteer.load()
    overlay = settings.data_dir / "directory"
    directory = Directory.load(settings.province, overlay=overlay, gazetteer=gazetteer)
    return Router(directory, gazetteer)


def as_json(routing: Routing) -> dict[str, Any]:
    """The wire form of a proposal (contract of `route --jsonl`, with additions)."""
    return {
        "decision": routing.decision,
        "candidates": [
            {
                "agency": candidate.agency,
                "agency_class": candidate.agency_class,
                "name": candidate.name,
                "score": candidate.score,
                "reasons": list(candidate.reasons),
                "guide_only": candidate.guide_only,
                "verified": candidate.verified,
            }
            for candidate in routing.candidates
        ],
        "kind": routing.classification.kind,
        "confidence": routing.confidence,
        "explanation": routing.explanation,
        "question": None
        if routing.question is None
        else {
            "key": routing.question.key,
            "text": routing.question.text,
            "choices": [list(choice) for choice in routing.question.choices],
        },
        "place": None if routing.place is None else routing.place.matched,
        "versions": dict(routing.versions),
        "parts": [
            {"text": seen.excerpt, "topic": seen.topic, **as_json(part)}
            # A part of a text has no proposals for parts of its own.
            for seen, part in zip(routing.classification.parts, routing.parts, strict=False)
        ],
    }


def _lines() -> Iterator[dict[str, Any]]:
    """JSON objects from stdin; raises InvalidInput with the number of a line that is none."""
    stream = sys.stdin.buffer
    for number, raw in enumerate(stream, start=1):
        if not raw.strip():
            continue
        try:
            line = json.loads(raw.decode("utf-8", errors="replace"))
        except json.JSONDecodeError as error:
            raise InvalidInput(field=f"line {number}", reason="no JSON") from error
        if not isinstance(line, dict):
            raise InvalidInput(field=f"line {number}", reason="no JSON object")
        yield line


def _text(line: dict[str, Any], field: str) -> str:
    value = line.get(field)
    if not isinstance(value, str):
        raise InvalidInput(field=field, reason="not a text")
    return value


def _day(value: object, today: date) -> date:
    if value is None or value == "":
        return today
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise InvalidInput(field="on", reason="no date") from error


def _write(answer: Mapping[str, object]) -> None:
    # Lone surrogates cannot be written as UTF-8: escape them, whatever they came from.
    text = json.dumps(answer, ensure_ascii=False).encode("utf-8", "backslashreplace")
    sys.stdout.buffer.write(text + b"\n")
    sys.stdout.buffer.flush()
