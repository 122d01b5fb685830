"""Everything an action needs, in one value: storage, keys, directory, law, calendar."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import select

from intake.directory import Directory
from intake.places import Gazetteer
from intake.routing import Router
from intake.routing_versions import use_models
from intake.rules import Rules, read_local_terms
from intake.sealing import Sealer, load_sealer
from intake.settings import Settings
from intake.store.engine import Store, Transaction
from intake.store.schema import holds_sealed_values
from intake.store.tables import calendar_overrides, calendar_years
from intake.workdays import DayOverride, WorkCalendar, YearDecision

_TERMS = "terms.toml"


@dataclass(eq=False)
class Office:
    """One installation. Built once at start; actions take it as their first argument.

    Nothing in it changes while the process lives but the calendar, which officers amend: everybody
    who holds the office then counts by the new one.
    """

    settings: Settings
    store: Store
    sealer: Sealer
    directory: Directory
    gazetteer: Gazetteer
    router: Router
    rules: Rules
    calendar: WorkCalendar

    def refresh_calendar(self, tx: Transaction) -> None:
        """Count by the officers' present calendar decisions from now on."""
        self.calendar = working_calendar(tx)

    def with_calendar(self, tx: Transaction) -> Office:
        """The same office with the officers' present calendar decisions applied."""
        return replace(self, calendar=working_calendar(tx))


def open_office(settings: Settings) -> Office:
    """Open storage, keys and data files.

    Raises:
        SetupRefused: storage or keys don't allow a safe start.
        DataFault: a data file is wrong; names file and line.
        StorageAway: the database does not answer.
    """
    store = Store(settings.effective_database_url)
    sealer = load_sealer(settings.effective_key_file, create=not holds_sealed_values(store))
    directory = Directory.load(settings.province, overlay=settings.data_dir / "directory")
    gazetteer = Gazetteer.load()
    with store.read() as tx:
        calendar = working_calendar(tx)
    use_models(settings.data_dir / "models")
    return Office(
        settings=settings,
        store=store,
        sealer=sealer,
        directory=directory,
        gazetteer=gazetteer,
        router=Router(directory, gazetteer),
        rules=rules_in_force(settings),
        calendar=calendar,
    )


def rules_in_force(settings: Settings) -> Rules:
    """The law, with the province's own terms where the law sets none (`terms.toml`, data folder).

    Raises:
        DataFault: a table is wrong; names file and line.
        UnknownRule: a term for a rule that is not open to provinces.
    """
    rules, own = Rules.load(), settings.data_dir / _TERMS
    return rules.with_local(read_local_terms(own)) if own.is_file() else rules


def working_calendar(tx: Transaction) -> WorkCalendar:
    """The shipped years with everything officers decided laid over them."""
    return WorkCalendar.load(day_overrides=day_overrides(tx), year_decisions=year_decisions(tx))


def year_decisions(tx: Transaction) -> tuple[YearDecision, ...]:
    """What officers decided about whole years, oldest year first."""
    rows = tx.execute(select(calendar_years).order_by(calendar_years.c.year)).mappings()
    return tuple(
        YearDecision(year=row["year"], confirmed=row["confirmed"], decision=row["decision"])
        for row in rows
    )


def day_overrides(tx: Transaction) -> tuple[DayOverride, ...]:
    """What officers decided about single days, by day."""
    rows = tx.execute(select(calendar_overrides).order_by(calendar_overrides.c.day)).mappings()
    return tuple(
        DayOverride(
            day=row["day"], working=row["working"], reason=row["reason"], decision=row["decision"]
        )
        for row in rows
    )
