"""The tables. Every text a citizen wrote, and who they are, is in a `…sealed` column.

Instants are UTC; days are civil days. Codes (agency, place, rule) refer to dated data files, not
to tables, so that a closed agency's petitions stay readable for ever.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    Time,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime. SQLite drops the zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC; naive values are refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Always aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_Id = BigInteger().with_variant(Integer, "sqlite")
_Json = JSON().with_variant(JSONB(), "postgresql")


def _id() -> Column[int]:
    return Column("id", _Id, primary_key=True, autoincrement=True)


def _petition(*, nullable: bool = False, index: bool = True) -> Column[int]:
    return Column("petition_id", _Id, ForeignKey("petitions.id"), nullable=nullable, index=index)


# ---- petitions ------------------------------------------------------------------------------

cases = Table(
    "cases",  # vụ việc: several petitions and visits about one matter
    metadata,
    _id(),
    Column("uid", String(32), nullable=False, unique=True),
    Column("agency", String(80), index=True),
    Column("opened_on", Date, nullable=False),
    Column("field", String(40), nullable=False, default=""),
)

petitions = Table(
    "petitions",
    metadata,
    _id(),
    Column("reference", String(40), nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("status", String(30), nullable=False),
    Column("source", String(20), nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("legal_received_on", Date),
    Column("agency", String(80)),
    Column("agency_class", String(40)),
    Column("commune", String(40)),
    Column("topic", String(60), nullable=False, default=""),
    Column("fields", _Json, nullable=False, default=list),
    Column("instance", Integer, nullable=False, default=1),
    Column("complex", Boolean, nullable=False, default=False),
    Column("remote", Boolean, nullable=False, default=False),
    Column("several_places", Boolean, nullable=False, default=False),
    Column("dismissal", Boolean, nullable=False, default=False),
    Column("own_competence", Boolean, nullable=False, default=True),
    # Further facts of the case that terms depend on, by their codes in `law/names.toml`.
    Column("facts", _Json, nullable=False, default=list),
    # The rule an officer confirmed for accepting, where the law leaves open which one applies.
    Column("acceptance_rule", String(40), nullable=False, default=""),
    Column("people", Integer, nullable=False, default=1),
    # Of a group: how many represent it, and whether appointment and all signatures are in the file.
    Column("representatives", Integer),
    Column("appointment", Boolean, nullable=False, default=False),
    Column("all_signed", Boolean, nullable=False, default=False),
    Column("as_information", Boolean, nullable=False, default=False),
    Column("anonymous", Boolean, nullable=False, default=False),
    Column("urgent", Boolean, nullable=False, default=False),
    Column("language", String(5), nullable=False, default="vi"),
    Column("accepted_on", Date),
    Column("closed_at", Instant),
    Column("assigned_to", String(60)),
    Column("case_id", _Id, ForeignKey("cases.id"), index=True),
    Column("conversation_id", _Id, ForeignKey("conversations.id"), index=True),
    Column("next_due", Date),
    Column("next_rule", String(40)),
    Column("accused", _Json, nullable=False, default=list),
    Column("routing", _Json, nullable=False, default=dict),
    Column("secret_hash", String(200), nullable=False),
    Column("content_sealed", LargeBinary, nullable=False),
    # Folded words for officers' search; of what may hold a denunciation the reference alone.
    Column("search_text", Text, nullable=False, default=""),
    Column("updated_at", Instant, nullable=False),
    Index("ix_petitions_queue", "agency", "status", "next_due"),
    Index("ix_petitions_received", "received_at"),
)

petitioners = Table(
    "petitioners",
    metadata,
    _id(),
    _petition(),
    Column("role", String(20), nullable=False),
    Column("identity_sealed", LargeBinary, nullable=False),
    # Keyed digest of the telephone number: finds the same person's petitions, reveals none.
    Column("phone_fingerprint", String(32), index=True),
)

handlings = Table(
    "handlings",  # xử lý đơn: one petition's stay at one agency; form 02/XLD counts these rows
    metadata,
    _id(),
    _petition(),
    Column("agency", String(80), nullable=False, index=True),
    Column("source", String(20), nullable=False),
    Column("received_on", Date, nullable=False),
    Column("processed_on", Date),
    Column("eligible", Boolean),
    Column("competent", Boolean),
    Column("outcome", String(30)),
    Column("outcome_document", String(80)),
    Column("forwarded_to", String(80)),
    Index("ix_handlings_agency_received", "agency", "received_on"),
)

clock_events = Table(
    "clock_events",  # what the law counts from, in the order it happened
    metadata,
    _id(),
    _petition(),
    Column("event", String(40), nullable=False),
    Column("on", Date, nullable=False),
    Column("at", Time),  # local time of day, of meetings only
    Column("document_number", String(80), nullable=False, default=""),
    Column("criteria", _Json, nullable=False, default=list),
)

deadlines = Table(
    "deadlines",  # derived; recomputed with every change
    metadata,
    _id(),
    _petition(),
    Column("rule", String(40), nullable=False),
    Column("stage", String(60), nullable=False),
    Column("start", Date, nullable=False),
    Column("nominal", Date, nullable=False),
    Column("due", Date, nullable=False, index=True),
    Column("state", String(20), nullable=False),
    Column("verified", Boolean, nullable=False),
)

deadline_digests = Table(
    "deadline_digests",  # of the rows above: what did not change is known without reading them
    metadata,
    Column("petition_id", _Id, ForeignKey("petitions.id"), primary_key=True, autoincrement=False),
    Column("digest", BigInteger, nullable=False),
)

bands = Table(
    "petition_bands",  # MinHash bands of the text: equal bands are likely duplicates
    metadata,
    _id(),
    _petition(),
    Column("band", BigInteger, nullable=False, index=True),
)

attachments = Table(
    "attachments",
    metadata,
    _id(),
    Column("uid", String(32), nullable=False, unique=True),
    _petition(nullable=True),
    Column("conversation_id", _Id, ForeignKey("conversations.id"), index=True),
    Column("sha256", String(64), nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("name_sealed", LargeBinary, nullable=False),
    # What came, where `sha256` is a picture written anew; both are sealed in the store.
    Column("original_sha256", String(64)),
    Column("scan", String(10), nullable=False),  # waiting, clean, infected
    Column("scan_finding", String(120), nullable=False, default=""),
    Column("scanned_at", Instant),
    Column("taken_at", Instant),  # when an officer first took it: a recording is heard then
    Column("created_at", Instant, nullable=False),
    Index("ix_attachments_scan", "scan", "id"),
)

answers = Table(
    "answers",  # what the office decided or replied; decisions and conclusions of forms 03, 04
    metadata,
    _id(),
    _petition(),
    Column("agency", String(80), nullable=False, index=True),
    Column("answered_on", Date, nullable=False, index=True),
    Column("document_number", String(80), nullable=False, default=""),
    Column("instance", Integer, nullable=False, default=1),
    Column("verdict", String(30)),
    Column("remedies", _Json, nullable=False, default=dict),
    Column("text_sealed", LargeBinary, nullable=False),
)

# ---- trace and notices ----------------------------------------------------------------------

timeline = Table(
    "timeline",  # append-only, hash-chained
    metadata,
    _id(),
    _petition(nullable=True),
    Column("at", Instant, nullable=False),
    Column("event", String(60), nullable=False),
    Column("actor_role", String(20), nullable=False),
    Column("actor", String(60), nullable=False),
    Column("audience", String(10), nullable=False),
    Column("values", _Json, nullable=False, default=dict),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

notices = Table(
    "notices",  # the outbox: what citizens must be told, written with the change itself
    metadata,
    _id(),
    Column("dedup_key", String(120), nullable=False, unique=True),
    _petition(),
    Column("number", Integer, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("values_sealed", LargeBinary, nullable=False),
    Column("conversation_id", _Id, ForeignKey("conversations.id")),
    Column("channel", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("lease_until", Instant),
    Column("lease_owner", String(60)),
    Column("last_error", String(200), nullable=False, default=""),
    Column("created_at", Instant, nullable=False),
    Column("held_at", Instant),  # since when it waits for the person's next contact
    # With documents: when its words arrived, and when only a template said that there is news.
    Column("words_sent_at", Instant),
    Column("template_sent_at", Instant),
    Column("sent_at", Instant),
    Index("ix_notices_ready", "state", "channel", "due_at", "id"),
    Index("ix_notices_conversation", "conversation_id", "state", "id"),
)

documents = Table(
    "documents",  # what the office gives the citizen with a notice; sealed in the store
    metadata,
    _id(),
    Column("uid", String(32), nullable=False, unique=True),
    _petition(),
    Column("notice_id", _Id, ForeignKey("notices.id"), index=True),  # null: not given yet
    Column("position", Integer, nullable=False, default=0),  # within the notice, from 1
    Column("origin", String(10), nullable=False),  # upload, letter
    Column("sha256", String(64), nullable=False),
    Column("original_sha256", String(64)),  # what was handed in, of a picture written anew
    Column("media_type", String(100), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("name_sealed", LargeBinary, nullable=False),
    Column("added_by", String(60), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("delivery", String(10), nullable=False),  # waiting, sent, shown, by_code
    Column("delivered_at", Instant),
    # What the platform calls the upload, and until when it keeps it.
    Column("upload_sealed", LargeBinary),
    Column("upload_until", Instant),
)

# ---- conversations --------------------------------------------------------------------------

conversations = Table(
    "conversations",
    metadata,
    _id(),
    Column("uid", String(32), nullable=False, unique=True),
    Column("channel", String(20), nullable=False),
    Column("account", String(60), nullable=False),
    # The sender's id at the channel leads to a person: kept sealed, found by keyed digest.
    Column("sender_fingerprint", String(32), nullable=False),
    Column("sender_sealed", LargeBinary, nullable=False),
    Column("state_sealed", LargeBinary),
    Column("language", String(5), nullable=False, default="vi"),
    Column("person_wanted_at", Instant),
    Column("last_inbound_at", Instant),
    Column("muted_until", Instant),  # an officer answers by hand: the bot keeps quiet
    Column("withdrawn_at", Instant),  # consent was taken back: nothing is sent any more
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("channel", "account", "sender_fingerprint"),
)

messages = Table(
    "messages",
    metadata,
    _id(),
    Column("conversation_id", _Id, ForeignKey("conversations.id"), nullable=False, index=True),
    Column("direction", String(3), nullable=False),
    Column("client_id", String(100)),
    Column("answers_id", _Id, ForeignKey("messages.id"), index=True),
    Column("notice_id", _Id, ForeignKey("notices.id")),
    Column("content_sealed", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False),
    Column("delivery", String(20), nullable=False, default="sent"),
    UniqueConstraint("conversation_id", "client_id"),
    UniqueConstraint("notice_id"),
)

inbox = Table(
    "inbox",  # a platform's message, stored before it is acknowledged
    metadata,
    _id(),
    Column("channel", String(20), nullable=False),
    Column("account", String(60), nullable=False),
    Column("event_id", String(120), nullable=False),
    Column("sender_fingerprint", String(32), nullable=False, default=""),
    Column("sent_at", Instant),
    Column("received_at", Instant, nullable=False),
    Column("payload_sealed", LargeBinary, nullable=False),
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("due_at", Instant, nullable=False),
    Column("lease_until", Instant),
    Column("lease_owner", String(60)),
    Column("last_error", String(200), nullable=False, default=""),
    UniqueConstraint("channel", "account", "event_id"),
    Index("ix_inbox_ready", "state", "due_at", "id"),
    Index("ix_inbox_sender", "sender_fingerprint", "state"),
)

outbox = Table(
    "outbox",  # replies on platform channels, in order per conversation
    metadata,
    _id(),
    Column("message_id", _Id, ForeignKey("messages.id"), nullable=False, unique=True),
    Column("conversation_id", _Id, ForeignKey("conversations.id"), nullable=False),
    Column("parts_sent", Integer, nullable=False, default=0),
    Column("channel", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("lease_until", Instant),
    Column("lease_owner", String(60)),
    Column("last_error", String(200), nullable=False, default=""),
    # In this order a sender takes the first row without sorting the queue behind it.
    Index("ix_outbox_ready", "state", "channel", "due_at", "id"),
    # Whether something of the conversation waits before a row.
    Index("ix_outbox_conversation", "conversation_id", "state", "id"),
)

channel_tokens = Table(
    "channel_tokens",
    metadata,
    Column("channel", String(20), primary_key=True),
    Column("pair_sealed", LargeBinary, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

# ---- officers -------------------------------------------------------------------------------

officers = Table(
    "officers",
    metadata,
    _id(),
    Column("username", String(60), nullable=False, unique=True),
    Column("display_name", String(120), nullable=False),
    Column("role", String(20), nullable=False),
    Column("agency", String(80), nullable=False),
    Column("handles_denunciations", Boolean, nullable=False, default=False),
    Column("active", Boolean, nullable=False, default=True),
    Column("password_hash", String(200), nullable=False),
    Column("created_at", Instant, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("officer_id", _Id, ForeignKey("officers.id"), nullable=False, index=True),
    Column("purpose", String(10), nullable=False),  # console, api, key
    Column("label", String(120), nullable=False, default=""),
    Column("csrf", String(64), nullable=False, default=""),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

officer_notices = Table(
    "officer_notices",  # what an officer is told: codes and days only, never names or text
    metadata,
    _id(),
    Column("dedup_key", String(160), nullable=False, unique=True),
    Column("officer_id", _Id, ForeignKey("officers.id"), nullable=False),
    Column("kind", String(20), nullable=False),
    _petition(nullable=True),
    Column("agency", String(80)),
    Column("rule", String(40), nullable=False, default=""),
    Column("due", Date),
    Column("step", Integer, nullable=False, default=0),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant),
    # What tells of it outside the console; empty: nothing yet, so that the next digest does.
    Column("message_id", _Id, ForeignKey("officer_messages.id"), index=True),
    Index("ix_officer_notices_officer", "officer_id", "id"),
)

officer_contacts = Table(
    "officer_contacts",  # where an officer can be told, proven; the address is kept sealed
    metadata,
    Column("officer_id", _Id, ForeignKey("officers.id"), primary_key=True),
    Column("channel", String(20), primary_key=True),
    Column("address_sealed", LargeBinary, nullable=False),
    Column("account", String(60), nullable=False, default=""),  # which bot of ours the chat is with
    Column("confirmed_at", Instant, nullable=False),
    Column("fault", String(60), nullable=False, default=""),
)

contact_codes = Table(
    "contact_codes",  # an address that waits to be proven by its code
    metadata,
    Column("officer_id", _Id, ForeignKey("officers.id"), primary_key=True),
    Column("channel", String(20), primary_key=True),
    Column("code_fingerprint", String(32), nullable=False, index=True),
    Column("address_sealed", LargeBinary),
    Column("tries", Integer, nullable=False, default=0),
    Column("expires_at", Instant, nullable=False),
)

officer_choices = Table(
    "officer_choices",  # by which way and of what an officer wants to be told
    metadata,
    Column("officer_id", _Id, ForeignKey("officers.id"), primary_key=True),
    Column("channel", String(20), nullable=False),
    Column("topics", _Json, nullable=False, default=list),
    Column("changed_at", Instant, nullable=False),
)

officer_messages = Table(
    "officer_messages",  # the officers' outbox; its words are made when it is sent
    metadata,
    _id(),
    Column("dedup_key", String(120), nullable=False, unique=True),
    Column("officer_id", _Id, ForeignKey("officers.id"), nullable=False, index=True),
    Column("channel", String(20), nullable=False),
    Column("purpose", String(20), nullable=False),  # notices, digest, code, test
    Column("values_sealed", LargeBinary),
    Column("state", String(20), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("lease_until", Instant),
    Column("lease_owner", String(60)),
    Column("last_error", String(200), nullable=False, default=""),
    Column("created_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Index("ix_officer_messages_ready", "state", "channel", "due_at"),
)

channel_profiles = Table(
    "channel_profiles",  # what our bots are called, as their platforms say
    metadata,
    Column("channel", String(20), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("updated_at", Instant, nullable=False),
)

second_factors = Table(
    "second_factors",  # an officer's authenticator app (TOTP) and recovery codes
    metadata,
    Column("officer_id", _Id, ForeignKey("officers.id"), primary_key=True),
    Column("secret_sealed", LargeBinary, nullable=False),
    Column("confirmed_at", Instant),
    Column("last_step", BigInteger, nullable=False, default=0),  # used up, with all before it
    Column("recovery", _Json, nullable=False, default=list),  # keyed digests of unused codes
)

rate_buckets = Table(
    "rate_buckets",  # generic cell rate: the theoretical arrival time of the next event
    metadata,
    Column("bucket", String(120), primary_key=True),
    Column("next_at", Instant, nullable=False),
)

jobs = Table(
    "jobs",  # a periodic job's slot; whoever inserts the row runs it
    metadata,
    Column("name", String(60), primary_key=True),
    Column("slot", String(100), primary_key=True),
    Column("progress", BigInteger, nullable=False, default=0),
    Column("done_at", Instant),
)

calendar_years = Table(
    "calendar_years",  # officers' decisions about whole years: opened, or its plan confirmed
    metadata,
    Column("year", Integer, primary_key=True),
    Column("confirmed", Boolean, nullable=False),
    Column("decision", String(200), nullable=False),
    Column("decided_by", String(60), nullable=False),
    Column("at", Instant, nullable=False),
)

calendar_overrides = Table(
    "calendar_overrides",  # officers' decisions about single days
    metadata,
    Column("day", Date, primary_key=True),
    Column("working", Boolean, nullable=False),
    Column("reason", String(200), nullable=False),
    Column("decision", String(200), nullable=False),
    Column("decided_by", String(60), nullable=False),
    Column("at", Instant, nullable=False),
)

route_feedback = Table(
    "route_feedback",  # what the machine proposed and what an officer made of it
    metadata,
    _id(),
    _petition(),
    Column("proposed", String(80)),
    Column("chosen", String(80), nullable=False),
    Column("by", String(60), nullable=False),
    Column("at", Instant, nullable=False),
)

# ---- the reception register -----------------------------------------------------------------

reception_days = Table(
    "reception_days",  # lịch tiếp công dân: one announced day of one chair
    metadata,
    _id(),
    Column("uid", String(32), nullable=False, unique=True),
    Column("agency", String(80), nullable=False, index=True),
    Column("on", Date, nullable=False, index=True),
    Column("regime", String(10), nullable=False),  # periodic, ad_hoc
    Column("chair", String(10), nullable=False),  # head, delegate
    Column("chair_name", String(120), nullable=False, default=""),
    Column("notice_number", String(80), nullable=False, default=""),
    Column("notice_on", Date),
    Column("posted_at", String(200), nullable=False, default=""),
    Column("held", Boolean),
    Column("nobody_came", Boolean),
    Column("reason", String(200), nullable=False, default=""),
)

visits = Table(
    "visits",  # lượt tiếp công dân
    metadata,
    _id(),
    Column("uid", String(32), nullable=False, unique=True),
    Column("agency", String(80), nullable=False),
    Column("on", Date, nullable=False),
    Column("at", Instant, nullable=False),
    Column("regime", String(10), nullable=False),  # regular, periodic, ad_hoc
    Column("received_by", String(10), nullable=False),  # staff, head, delegate
    Column("receiver_name", String(120), nullable=False, default=""),
    Column("mode", String(10), nullable=False),  # in_person, online
    Column("people", Integer, nullable=False),
    Column("large_group", Boolean, nullable=False),
    Column("group_threshold", Integer, nullable=False),
    Column("group_note", String(200), nullable=False, default=""),
    Column("reception_day_id", _Id, ForeignKey("reception_days.id"), index=True),
    Column("status", String(10), nullable=False),  # draft, final, void
    Column("result", String(30), nullable=False, default=""),
    Column("summary_sealed", LargeBinary),
    Column("created_by", String(60), nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_visits_agency_on", "agency", "on"),
)

visit_cases = Table(
    "visit_cases",
    metadata,
    Column("visit_id", _Id, ForeignKey("visits.id"), primary_key=True),
    Column("case_id", _Id, ForeignKey("cases.id"), primary_key=True, index=True),
)

register_entries = Table(
    "register_entries",  # documents, dialogues, enforcement, training …: facts the forms count
    metadata,
    _id(),
    Column("uid", String(32), nullable=False, unique=True),
    Column("agency", String(80), nullable=False),
    Column("entry", String(30), nullable=False),
    Column("on", Date, nullable=False),
    _petition(nullable=True),
    Column("case_id", _Id, ForeignKey("cases.id"), index=True),
    Column("values", _Json, nullable=False, default=dict),
    Column("status", String(10), nullable=False),  # final, void
    Column("created_by", String(60), nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_register_entries_agency_on", "agency", "entry", "on"),
)

zero_confirmations = Table(
    "zero_confirmations",  # "không phát sinh" is a statement of fact by an officer
    metadata,
    _id(),
    Column("agency", String(80), nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("statements", _Json, nullable=False, default=list),
    Column("by", String(60), nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("agency", "first_day", "last_day"),
)

snapshots = Table(
    "snapshots",  # a period's numbers as sent, with the records behind each
    metadata,
    _id(),
    Column("uid", String(32), nullable=False, unique=True),
    Column("agency", String(80), nullable=False, index=True),
    Column("scope", String(10), nullable=False),  # own, all
    Column("regime", String(20), nullable=False),
    Column("period", String(30), nullable=False),
    Column("form_set", String(30), nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("taken_at", Instant, nullable=False),
    Column("taken_by", String(60), nullable=False),
    Column("cells", _Json, nullable=False),
    Column("records", _Json, nullable=False),
    Column("supersedes", _Id, ForeignKey("snapshots.id")),
    Column("note", String(500), nullable=False, default=""),
)
