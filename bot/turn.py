"""One turn of a conversation: a message in, answers out, everything in one transaction.

Thinking (classifying, routing, hashing a receipt) happens before the transaction, on the state as
it was read; the transaction then checks that nobody moved the conversation meanwhile, or the turn
is thought through again. A message that was answered before is answered the same and does
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError

from bot.conversation import advance, conclude
from bot.dialogue.state import State, dump_state, load_state
from bot.dialogue.steps import (
    Add,
    Added,
    CallPerson,
    Effect,
    File,
    Filed,
    Forget,
    Found,
    LookUp,
    Outcome,
    Refused,
    Step,
    Withdraw,
    Withdrawn,
)
from bot.knowledge import (
    OfficeKnowledge,
    agency_card,
    next_date,
    own_petition,
    read_knowledge,
    superior_name,
)
from bot.messages import IncomingMessage, OutgoingMessage
from bot.phrases import voice
from intake.actions import Receipt, add_information, file_petition, new_receipt, withdraw
from intake.attachments import discard_attachments
from intake.clock import local_date
from intake.conversations import (
    Conversation,
    StoredMessage,
    add_inbound,
    add_outbound,
    answers_to,
    find_conversation,
    forget_inbound,
    open_conversation,
    open_state,
    save_state,
)
from intake.due import due_view
from intake.errors import IntakeError, NotFound, StorageAway, TooMany
from intake.limits import Limit, spend
from intake.office import Office
from intake.petition import Petition, Source
from intake.receipts import verify_secret
from intake.store.engine import Transaction
from intake.store.petitions import get_petition, secret_hash_of

A_MINUTE = Limit(20, timedelta(minutes=1))
AN_HOUR = Limit(200, timedelta(hours=1))
TOLD = Limit(1, timedelta(minutes=1))
FILINGS = Limit(10, timedelta(days=1))
TRIES_A_CASE = Limit(5, timedelta(hours=1))
TRIES_A_SOURCE = Limit(10, timedelta(hours=1))
TRIES_ALL = Limit(1_000, timedelta(hours=1))
_MOST_ATTEMPTS = 20

# Channels whose replies a platform must carry; the web and the terminal fetch theirs.
FETCHED = frozenset({Source.WEB, Source.TERMINAL})

Settle = Callable[[Transaction], None]


@dataclass(frozen=True)
class Reply:
    """A stored answer. `id` grows within the conversation."""

    id: int
    message: OutgoingMessage


@dataclass(frozen=True)
class Turn:
    """What came of a message. `repeated`: it was answered before; `held`: the sender floods us."""

    replies: tuple[Reply, ...]
    repeated: bool = False
    held: bool = False


@dataclass(frozen=True)
class _Thought:
    """A turn thought through on the conversation as it was: `seen` is its sealed state then.

    `outcomes` and `receipts` were prepared outside the transaction, by the effect's position.
    """

    seen: bytes | None
    step: Step
    known: OfficeKnowledge
    outcomes: Mapping[int, Outcome]
    receipts: Mapping[int, Receipt]


def take_turn(
    office: Office, message: IncomingMessage, *, now: datetime, settle: Settle | None = None
) -> Turn:
    """Answer one message.

    Args:
        settle: called in the turn's own transaction before it is committed, so that a queue can
            mark the message done together with its effects; not called for a repeat.

    Raises:
        TooMany: the sender floods us and was told so already; nothing was stored.
        StorageAway: the database does not answer; nothing was stored.
    """
    for _ in range(_MOST_ATTEMPTS):
        found = _look(office, message, now)
        if isinstance(found, Turn):
            return found
        thought = _think(office, message, found, now)
        try:
            done = _write(office, message, thought, now, settle)
        except IntegrityError:
            # Another worker stored the same message, or drew the same petition number.
            continue
        if done is not None:
            return done
    raise StorageAway


@dataclass(frozen=True)
class _Before:
    """A conversation as it was when a message came: its sealed state, opened, and what we know."""

    sealed: bytes | None
    state: State
    known: OfficeKnowledge


def _look(office: Office, message: IncomingMessage, now: datetime) -> Turn | _Before:
    """Read everything a turn needs; or the answer, where the message was answered before."""
    with office.store.read() as tx:
        conversation = find_conversation(tx, office.sealer, message.sender)
        state, sealed = State(), None
        if conversation is not None:
            repeated = _repeat(office, tx, conversation, message.client_id)
            if repeated is not None:
                return repeated
            sealed = conversation.state
            state = load_state(open_state(office.sealer, conversation))
        known = read_knowledge(
            office,
            tx,
            conversation_id=None if conversation is None else conversation.id,
            proven=state.proven,
            language=state.language,
            today=local_date(now),
            channel=message.sender.channel,
            page=look_up_address(office, message.origin),
        )
    return _Before(sealed, state, known)


def answered_before(office: Office, message: IncomingMessage) -> Turn | None:
    """What was answered to a message of that number already; None: it is new."""
    with office.store.read() as tx:
        conversation = find_conversation(tx, office.sealer, message.sender)
        if conversation is None:
            return None
        return _repeat(office, tx, conversation, message.client_id)


def _repeat(
    office: Office, tx: Transaction, conversation: Conversation, client_id: str
) -> Turn | None:
    stored = answers_to(tx, office.sealer, conversation, client_id)
    return None if stored is None else Turn(tuple(map(_reply, stored)), repeated=True)


def _reply(stored: StoredMessage) -> Reply:
    return Reply(stored.id, OutgoingMessage.from_content(stored.content))


# ---- before the transaction -----------------------------------------------------------------


def _think(office: Office, message: IncomingMessage, before: _Before, now: datetime) -> _Thought:
    step = advance(
        before.state, message.text, message.attachments, before.known, spoken=message.spoken
    )
    known = before.known
    known = replace(known, language=step.state.language)
    outcomes: dict[int, Outcome] = {}
    receipts: dict[int, Receipt] = {}
    for position, effect in enumerate(step.effects):
        if isinstance(effect, LookUp):
            outcomes[position] = _prove(office, message, effect, known, now)
        if isinstance(effect, File):
            receipts[position] = new_receipt(office, now=now)
    return _Thought(
        seen=before.sealed,
        step=step,
        known=known,
        outcomes=outcomes,
        receipts=receipts,
    )


def _prove(
    office: Office, message: IncomingMessage, effect: LookUp, known: OfficeKnowledge, now: datetime
) -> Outcome:
    """Check a secret part. The attempt is counted first, and on its own: it costs even if the
    turn fails; an unknown number takes the same time and gives the same answer."""
    sealer = office.sealer
    source = message.source or message.sender.id
    case = sealer.fingerprint(effect.reference, purpose="look-up:case")
    try:
        with office.store.write() as tx:
            spend(office.store, tx, f"look-up:case:{case}", TRIES_A_CASE, now=now)
            fingerprint = sealer.fingerprint(source, purpose="look-up:source")
            spend(office.store, tx, f"look-up:source:{fingerprint}", TRIES_A_SOURCE, now=now)
            spend(office.store, tx, "look-up:all", TRIES_ALL, now=now)
    except TooMany as error:
        return Refused(error)
    with office.store.read() as tx:
        stored_hash = secret_hash_of(tx, effect.reference)
    if not verify_secret(effect.secret, stored_hash):
        return Refused(NotFound(what="petition"))
    with office.store.read() as tx:
        petition = get_petition(tx, effect.reference)
    known = _with_petition(known, petition)
    return Found(own_petition(office, petition, known.language))


def _with_petition(known: OfficeKnowledge, petition: Petition) -> OfficeKnowledge:
    others = tuple(p for p in known.petitions if p.id != petition.id)
    return replace(known, petitions=(petition, *others))


# ---- in the transaction ---------------------------------------------------------------------


def _write(
    office: Office,
    message: IncomingMessage,
    thought: _Thought,
    now: datetime,
    settle: Settle | None,
) -> Turn | None:
    """Store the turn; None: the conversation moved on since it was thought through."""
    sealer = office.sealer
    with office.store.write() as tx:
        conversation = open_conversation(
            office.store,
            tx,
            sealer,
            message.sender,
            language=thought.step.state.language,
            now=now,
        )
        # Every turn seals a new state: the same one means that nothing was said since, so that the
        # message is still a new one too.
        if conversation.state != thought.seen:
            return None
        held = _flood(office, tx, conversation, message, thought.step.state.language, now)
        if held is not None:
            if settle is not None:
                settle(tx)
            return held
        inbound = add_inbound(
            tx,
            sealer,
            conversation,
            client_id=message.client_id,
            now=now,
            content=_inbound_content(message, thought.step),
        )
        state, replies, wants_person = _carry_out(office, tx, conversation, message, thought, now)
        stored = tuple(
            _store_reply(office, tx, conversation, inbound, reply, now) for reply in replies
        )
        save_state(
            tx,
            sealer,
            conversation,
            state=dump_state(state),
            language=state.language,
            wants_person=wants_person,
            now=now,
        )
        if settle is not None:
            settle(tx)
        return Turn(stored)


def _inbound_content(message: IncomingMessage, step: Step) -> dict[str, Any]:
    text = message.text if step.stored_text is None else step.stored_text
    # A lone surrogate is no text any database or seal can hold.
    text = text.encode("utf-8", "replace").decode("utf-8")
    content: dict[str, Any] = {"text": text}
    if message.attachments:
        content["files"] = len(message.attachments)
    return content


def _flood(
    office: Office,
    tx: Transaction,
    conversation: Conversation,
    message: IncomingMessage,
    language: str,
    now: datetime,
) -> Turn | None:
    try:
        spend(office.store, tx, f"turn:minute:{conversation.uid}", A_MINUTE, now=now)
        spend(office.store, tx, f"turn:hour:{conversation.uid}", AN_HOUR, now=now)
    except TooMany as error:
        # Told once; the transaction of a second refusal rolls back with the error.
        try:
            spend(office.store, tx, f"turn:told:{conversation.uid}", TOLD, now=now)
        except TooMany:
            raise error from None
        reply = voice(language).message("flood.once", seconds=error.values["retry_after"])
        return Turn((_store_reply(office, tx, conversation, None, reply, now),), held=True)
    return None


def _store_reply(
    office: Office,
    tx: Transaction,
    conversation: Conversation,
    inbound: int | None,
    reply: OutgoingMessage,
    now: datetime,
) -> Reply:
    fetched = conversation.channel in FETCHED
    reply_id = add_outbound(
        tx,
        office.sealer,
        conversation_id=conversation.id,
        uid=conversation.uid,
        content=reply.to_content(),
        now=now,
        answers_id=inbound,
        to_send_on=None if fetched else conversation.channel,
    )
    return Reply(reply_id, reply)


def _carry_out(
    office: Office,
    tx: Transaction,
    conversation: Conversation,
    message: IncomingMessage,
    thought: _Thought,
    now: datetime,
) -> tuple[State, list[OutgoingMessage], bool]:
    """Do the step's effects, and whatever wording their outcomes brings about."""
    state, replies = thought.step.state, list(thought.step.replies)
    known, wants_person = thought.known, False
    for position, effect in enumerate(thought.step.effects):
        if isinstance(effect, CallPerson):
            wants_person = True
            continue
        if isinstance(effect, Forget):
            say = voice(state.language)
            forget_inbound(
                tx,
                office.sealer,
                conversation,
                last=effect.last,
                content={"text": say("own.forgotten")},
            )
            discard_attachments(office, tx, effect.attachments)
            continue
        outcome = thought.outcomes.get(position)
        if outcome is None:
            receipt = thought.receipts.get(position)
            outcome = _perform(office, tx, conversation, effect, receipt, known, message, now)
        if isinstance(outcome, Found):
            known = _with_petition(known, get_petition(tx, outcome.petition.reference))
        following = conclude(state, effect, outcome, known)
        state = following.state
        replies += following.replies
    return state, replies, wants_person


def _perform(
    office: Office,
    tx: Transaction,
    conversation: Conversation,
    effect: Effect,
    receipt: Receipt | None,
    known: OfficeKnowledge,
    message: IncomingMessage,
    now: datetime,
) -> Outcome:
    try:
        # What an action wrote before it refused must not stay.
        with tx.begin_nested():
            if isinstance(effect, File) and receipt is not None:
                return _file(office, tx, conversation, effect, receipt, known, message, now)
            if isinstance(effect, Add):
                add_information(
                    office,
                    tx,
                    effect.reference,
                    text=effect.text,
                    attachments=effect.attachments,
                    now=now,
                )
                return Added(effect.reference, len(effect.attachments))
            if isinstance(effect, Withdraw):
                withdraw(office, tx, effect.reference, now=now)
                return Withdrawn(effect.reference)
    except IntakeError as error:
        return Refused(error)
    raise TypeError(effect)


def _file(
    office: Office,
    tx: Transaction,
    conversation: Conversation,
    effect: File,
    receipt: Receipt,
    known: OfficeKnowledge,
    message: IncomingMessage,
    now: datetime,
) -> Filed:
    spend(office.store, tx, f"file:{conversation.uid}", FILINGS, now=now)
    submission = replace(
        effect.submission,
        conversation_id=conversation.id,
        source=Source(conversation.channel),
    )
    filed = file_petition(office, tx, submission, receipt, now=now)
    today, language = local_date(now), known.language
    agency = str(filed.petition.agency)
    view = due_view(office, tx, filed.petition, today=today)
    return Filed(
        reference=filed.petition.reference,
        secret=filed.secret,
        kind=filed.petition.kind,
        agency=agency_card(office, agency, today),
        superior=superior_name(office, agency, today),
        next=None if view.next is None else next_date(view.next, language),
        time_bar=effect.time_bar,
        message_only=filed.petition.is_message_only,
        address=look_up_address(office, message.origin),
    )


def look_up_address(office: Office, origin: str) -> str:
    """Where a citizen looks a petition up; the page asks for both codes.

    Args:
        origin: the address the citizen reached us at, used where no public one is set; "" where
            the channel has none: then nothing is said about a page.
    """
    base = office.settings.public_url.rstrip("/") or origin
    return f"{base}/chat" if base else ""
