"""The reception register: visits, reception days, entries, and what officers state about a period.

Each action checks the officer, changes and traces in the caller's one transaction. Nothing is
edited in place: a wrong visit or entry is voided with a reason and entered again, so that every
number can be traced to what was known when.
"""

from intake.register.days import (
    CHAIRS,
    DayForm,
    ReceptionDay,
    get_day,
    list_days,
    record_day,
    schedule_day,
)
from intake.register.entries import (
    Entry,
    EntryKind,
    EntryValue,
    choice_labels,
    entry_kinds,
    get_entry,
    list_entries,
    record_entry,
    void_entry,
)
from intake.register.rights import (
    ENTRY_ROLES,
    REGISTER_ROLES,
    STATEMENT_ROLES,
    STATISTICS_ROLES,
    can_register,
    can_state,
    can_view_statistics,
    check_can_enter,
    check_can_register,
    check_can_state,
    check_can_view_statistics,
)
from intake.register.statements import (
    Snapshot,
    ZeroConfirmation,
    confirm_zero,
    snapshot_of,
    take_snapshot,
    zero_confirmation,
)
from intake.register.values import VOID_REASONS
from intake.register.visits import (
    MODES,
    RESULTS,
    Visit,
    VisitForm,
    get_visit,
    list_visits,
    record_visit,
    visit_summary,
    void_visit,
)

__all__ = [
    "CHAIRS",
    "ENTRY_ROLES",
    "MODES",
    "REGISTER_ROLES",
    "RESULTS",
    "STATEMENT_ROLES",
    "STATISTICS_ROLES",
    "VOID_REASONS",
    "DayForm",
    "Entry",
    "EntryKind",
    "EntryValue",
    "ReceptionDay",
    "Snapshot",
    "Visit",
    "VisitForm",
    "ZeroConfirmation",
    "can_register",
    "can_state",
    "can_view_statistics",
    "check_can_enter",
    "check_can_register",
    "check_can_state",
    "check_can_view_statistics",
    "choice_labels",
    "confirm_zero",
    "entry_kinds",
    "get_day",
    "get_entry",
    "get_visit",
    "list_days",
    "list_entries",
    "list_visits",
    "record_day",
    "record_entry",
    "record_visit",
    "schedule_day",
    "snapshot_of",
    "take_snapshot",
    "visit_summary",
    "void_entry",
    "void_visit",
    "zero_confirmation",
]
