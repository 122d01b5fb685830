"""What is done from time to time: the daily round, officers' warnings, clearing up.

Any number of processes may call `run_due_jobs` as often as they like. A job's slot (a day, a time
of day) is one row of `jobs`; whoever inserts it does the work. Work that was never finished, since
its process was killed, may be taken over when its lease has run out; every job can be repeated
without harm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from intake.clock import local_date
from intake.documents import forget_abandoned
from intake.office import Office
from intake.officer_messages import forget_old, write_digests
from intake.recompute import sweep
from intake.store.tables import jobs
from intake.warning_steps import load_warning_plan
from intake.warnings import write_news, write_warnings
from intake.working_hours import in_office_hours

SWEEP, WARNINGS, DIGEST = "daily-sweep", "officer-warnings", "officer-digest"
_SLOTTED = (SWEEP, WARNINGS, DIGEST)
_LEASE = timedelta(minutes=30)
# Finished slots are kept this long, to look back; a slot never comes again.
_KEPT = timedelta(days=30)


@dataclass(frozen=True)
class JobsReport:
    """What one call did. None: not due, or another process has it.

    `told`: citizens told of a missed date; `warned`: new warnings; `news`: of petitions that came,
    were assigned or added to; `digests`: written for officers.
    """

    told: int | None
    warned: int | None
    news: int | None
    digests: int | None


def run_due_jobs(office: Office, *, now: datetime) -> JobsReport:
    """Do what is due: the day's sweep at any hour, what concerns officers in office hours only.

    Raises:
        StorageAway: the database does not answer; the next call goes on.
        DataFault: the office's own `warnings.toml` is wrong.
    """
    with office.store.read() as tx:
        # Decisions taken in another process reach this one here.
        office.refresh_calendar(tx)
    today = local_date(now)

    def sweep_and_clear() -> int:
        with office.store.write() as tx:
            tx.execute(delete(jobs).where(jobs.c.name.in_(_SLOTTED), jobs.c.done_at < now - _KEPT))
            forget_old(tx, now=now)
            forget_abandoned(office, tx, now=now)
        return sweep(office, now=now)

    told = in_slot(office, SWEEP, today.isoformat(), sweep_and_clear, now=now)
    plan = load_warning_plan(office.settings.data_dir)
    if not in_office_hours(office, plan, now=now):
        return JobsReport(told, None, None, None)
    news = write_news(office, now=now)
    warned = in_slot(
        office,
        WARNINGS,
        today.isoformat(),
        lambda: write_warnings(office, plan, now=now),
        now=now,
    )
    digests, slot = None, plan.digest_slot(now)
    if slot is not None:
        digests = in_slot(
            office, DIGEST, slot, lambda: write_digests(office, slot, now=now), now=now
        )
    return JobsReport(told, warned, news, digests)


def in_slot(
    office: Office,
    name: str,
    slot: str,
    work: Callable[[], int],
    *,
    now: datetime,
    lease: timedelta = _LEASE,
) -> int | None:
    """Do `work` for a slot once among all processes; None if it is done or under way elsewhere.

    If `work` raises, the slot stays unfinished and is taken up again after `lease`.
    """
    if not _claimed(office, name, slot, now, lease):
        return None
    result = work()
    with office.store.write() as tx:
        tx.execute(update(jobs).where(jobs.c.name == name, jobs.c.slot == slot).values(done_at=now))
    return result


def _claimed(office: Office, name: str, slot: str, now: datetime, lease: timedelta) -> bool:
    """Take the slot: insert its row, or take over one whose lease ran out.

    `progress` holds the second of the claim, so that of two that want to take over one wins.
    """
    this = (jobs.c.name == name) & (jobs.c.slot == slot)
    # Asking first keeps a quarter-hourly call from opening a write transaction for nothing.
    with office.store.read() as tx:
        known = tx.execute(select(jobs.c.progress, jobs.c.done_at).where(this)).first()
    second = int(now.timestamp())
    if known is not None:
        if known.done_at is not None or second < known.progress + lease.total_seconds():
            return False
        taken = update(jobs).where(this, jobs.c.done_at.is_(None))
        with office.store.write() as tx:
            found = tx.execute(
                taken.where(jobs.c.progress == known.progress).values(progress=second)
            )
            return found.rowcount == 1
    build = sqlite_insert if office.store.is_sqlite else postgresql_insert
    row = build(jobs).values(name=name, slot=slot, progress=second).on_conflict_do_nothing()
    with office.store.write() as tx:
        # What came back says who inserted; a row count is not reported by every driver here.
        return tx.execute(row.returning(jobs.c.slot)).first() is not None
