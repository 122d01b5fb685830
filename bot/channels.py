"""The platform channels that settings switch on: their doors, their workers, their delivery.

Everything is off unless configured. Nothing here waits for a platform at start: while one is
away, the others and the rest of the office work.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import structlog
from fastapi import FastAPI
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from bot import zalo_bot, zalo_oa
from bot.channel_data import limits
from bot.channel_metrics import ChannelMetrics
from bot.events import Media, Translator
from bot.inbox import Receiver
from bot.inbox_worker import InboxWorker, Inlet
from bot.leases import owner_name, release_dead
from bot.media import Fetcher, source_of, zalo_source
from bot.messages import Channel, SendFailed
from bot.notices import word_notice
from bot.outbound import Outbound, Wording
from bot.webhooks import Doors, arrival_of
from bot.zalo_tokens import NoAccess, ZaloTokens, expiry
from intake.clock import local_date, utc_now
from intake.errors import SetupRefused, StorageAway, TooMany
from intake.limits import Limit, spend
from intake.notices import Notice
from intake.office import Office
from intake.officer_contacts import Way, store_profile
from intake.settings import Settings
from intake.store.engine import Transaction
from intake.store.petitions import content_of, get_petition_by_id
from intake.store.tables import rate_buckets

if TYPE_CHECKING:
    from bot.telegram_channel import TelegramChannel

_log = structlog.get_logger()

PATHS = {
    "telegram": "/webhooks/telegram",
    zalo_oa.NAME: "/webhooks/zalo-oa",
    zalo_bot.NAME: "/webhooks/zalo-bot",
}
_DEFAULT_TELEGRAM = "https://api.telegram.org/bot"
_POLL = timedelta(seconds=25)
_POLL_LEASE = timedelta(seconds=90)
_FIRST_RETRY_SECONDS = 5.0
_LONGEST_RETRY_SECONDS = 600.0
_CARE_SECONDS = 600.0
# These libraries write whole addresses at INFO, and addresses hold tokens.
_TALKATIVE = ("httpx", "httpcore", "telegram", "telegram.ext")

Fetch = Callable[[Media], bytes]


class Channels:
    """Every channel that is switched on."""

    def __init__(
        self,
        office: Office,
        *,
        word: Wording = word_notice,
        clock: Callable[[], datetime] = utc_now,
        fetchers: Mapping[str, Fetch] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Args:

        word: how a notice reads.
        fetchers: how files are fetched, by channel (default: from the platforms' own hosts).

        Raises:
            SetupRefused: a channel is half configured.
        """
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        self._office = office
        self._clock = clock
        self._fetchers = fetchers or {}
        self._owner = owner_name()
        self._client = httpx.Client(
            timeout=httpx.Timeout(float(limits(zalo_oa.NAME)["timeout_seconds"]), connect=5.0),
            trust_env=False,
            follow_redirects=False,
        )
        self.signed_with: Counter[str] = Counter()
        self._translators: dict[str, Translator] = {}
        self._inlets: dict[str, Inlet] = {}
        self._carriers: dict[str, Channel] = {}
        self._chores: list[Callable[[], None]] = []
        self._closers: list[Callable[[], None]] = [self._client.close]
        self._stopping = threading.Event()
        settings = office.settings
        if settings.telegram_token is not None:
            self._set_up_telegram(settings)
        if settings.zalo_oa_app_id:
            self._set_up_zalo_oa(settings)
        if settings.zalo_bot_token is not None:
            self._set_up_zalo_bot(settings)
        self._worker = InboxWorker(office, self._inlets, owner=self._owner, clock=clock)
        self._outbounds = [
            Outbound(office, channel, owner=self._owner, word=word, clock=clock, sleep=sleep)
            for channel in self._carriers.values()
        ]
        self._receiver = Receiver(office, clock=clock, stored=self._worker.wake)
        self._threads: list[threading.Thread] = []

    def add_routes(self, app: FastAPI) -> None:
        """The doors of the channels that receive by webhook, and the channels' metrics."""
        doors = Doors(
            self._receiver,
            {PATHS[name]: translator for name, translator in self._translators.items()},
        )
        doors.add_routes(app)
        metrics = getattr(app.state, "metrics", None)
        if metrics is not None:
            metrics.registry.register(
                ChannelMetrics(self._office, doors.seen, self.signed_with, clock=self._clock)
            )

    def start(self) -> None:
        """Begin working and delivering; returns at once."""
        if not self._inlets:
            return
        with contextlib.suppress(StorageAway):
            release_dead(self._office, now=self._clock())
        self._worker.start()
        for outbound in self._outbounds:
            outbound.start()
        for chore in self._chores:
            thread = threading.Thread(target=chore, name=chore.__name__, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Finish what is in hand and end."""
        self._stopping.set()
        self._worker.stop()
        for outbound in self._outbounds:
            outbound.stop()
        for close in self._closers:
            close()
        for thread in self._threads:
            thread.join(1)

    # ---- Telegram ---------------------------------------------------------------------------

    def _set_up_telegram(self, settings: Settings) -> None:
        # Only who uses Telegram pays for loading its library.
        from bot import telegram_channel

        channel = telegram_channel.TelegramChannel(settings)
        secret = _secret(settings.telegram_secret)
        translator = telegram_channel.TelegramTranslator(account=channel.account, secret=secret)
        base = settings.telegram_base_url
        fetcher = Fetcher(source_of(channel.file_base, private=base != _DEFAULT_TELEGRAM))

        def fetch(media: Media) -> bytes:
            return fetcher.fetch(channel.address_of(media.file_id))

        self._add(channel, translator, fetch, channel.acknowledge)
        self._closers.append(channel.close)
        self._learn_name(Way.TELEGRAM, channel.own_name)
        if settings.telegram_mode == "polling":
            self._chores.append(lambda: self._poll_telegram(channel, translator))
            return
        if not secret:
            raise SetupRefused(reason="TIEPDAN_TELEGRAM_SECRET is needed to receive by webhook")
        self._translators[channel.name] = translator
        self._register(channel.name, lambda address: channel.set_webhook(address, secret))

    def _poll_telegram(self, channel: TelegramChannel, translator: Translator) -> None:
        after = 0

        def once() -> None:
            nonlocal after
            found = channel.updates(after=after, wait=_POLL)
            self._store(translator, found)
            # Only what is stored is confirmed, by the next call's offset.
            after = max([after, *(int(update["update_id"]) for update in found)])

        self._poll(channel.name, once)

    # ---- Zalo -------------------------------------------------------------------------------

    def _set_up_zalo_oa(self, settings: Settings) -> None:
        keys = {
            "oa_secret": _secret(settings.zalo_oa_secret),
            "app_secret": _secret(settings.zalo_oa_app_secret),
        }
        if not any(keys.values()):
            raise SetupRefused(reason="TIEPDAN_ZALO_OA_SECRET is needed to receive by webhook")
        translator = zalo_oa.ZaloOaTranslator(
            app_id=settings.zalo_oa_app_id,
            keys=keys,
            oa_id=settings.zalo_oa_id,
            matched=lambda variant: self.signed_with.update([variant]),
        )
        tokens = ZaloTokens(self._office, client=self._client, clock=self._clock)
        channel = zalo_oa.ZaloOaChannel(
            settings,
            client=self._client,
            tokens=tokens,
            templates=zalo_oa.load_templates(settings),
            phone_of=self._phone_of,
            values_of=self._values_of,
            may_upload=self._may_upload,
            clock=self._clock,
        )
        fetcher = Fetcher(zalo_source())
        self._add(channel, translator, lambda media: fetcher.fetch(media.url))
        self._translators[channel.name] = translator
        self._chores.append(lambda: self._care_for_tokens(tokens))

    def _set_up_zalo_bot(self, settings: Settings) -> None:
        channel = zalo_bot.ZaloBotChannel(settings, client=self._client)
        secret = _secret(settings.zalo_bot_secret)
        translator = zalo_bot.ZaloBotTranslator(account=channel.account, secret=secret)
        fetcher = Fetcher(zalo_source())
        self._add(channel, translator, lambda media: fetcher.fetch(media.url))
        self._learn_name(Way.ZALO_BOT, channel.own_name)
        if settings.zalo_bot_mode == "polling":
            self._chores.append(lambda: self._poll_zalo_bot(channel, translator))
            return
        if not secret:
            raise SetupRefused(reason="TIEPDAN_ZALO_BOT_SECRET is needed to receive by webhook")
        self._translators[channel.name] = translator
        self._register(channel.name, lambda address: channel.set_webhook(address, secret))

    def _poll_zalo_bot(self, channel: zalo_bot.ZaloBotChannel, translator: Translator) -> None:
        def once() -> None:
            found = channel.update(wait=_POLL)
            if found is not None:
                self._store(translator, [found])

        self._poll(channel.name, once)

    def _care_for_tokens(self, tokens: ZaloTokens) -> None:
        """Renew before the end, and be loud before it is too late."""
        figures = limits(zalo_oa.NAME)
        while not self._stopping.is_set():
            try:
                tokens.access()
            except NoAccess as error:
                _log.error("zalo_no_access", reason=error.reason)
            except StorageAway:
                _log.warning("zalo_tokens_storage_away")
            else:
                with self._office.store.read() as tx:
                    known = expiry(tx)
                now = self._clock()
                if known and known[0] - now < timedelta(hours=figures["alarm_before_hours"]):
                    _log.error("zalo_token_near_its_end")
            self._stopping.wait(_CARE_SECONDS)

    def _phone_of(self, notice: Notice) -> str:
        """The petitioner's number; of who may be a denouncer the platform learns none."""
        with self._office.store.read() as tx:
            petition = get_petition_by_id(tx, notice.petition_id)
            if petition.kind.may_hold_denunciation:
                return ""
            content = content_of(tx, self._office.sealer, petition)
        return next((person.phone for person in content.petitioners if person.phone), "")

    def _values_of(self, notice: Notice) -> Mapping[str, str]:
        """What may stand in a template. Nobody's name or words: others may read over a shoulder."""
        with self._office.store.read() as tx:
            petition = get_petition_by_id(tx, notice.petition_id)
        today = local_date(self._clock())
        agency = self._office.directory.get(petition.agency).name if petition.agency else ""
        return {
            "reference": petition.reference,
            "number": str(notice.number),
            "kind": str(notice.kind),
            "agency": agency,
            "date": f"{today:%d/%m/%Y}",
        }

    def _may_upload(self) -> bool:
        """Count one upload to Zalo against those of a month."""
        month = Limit(limits(zalo_oa.NAME)["uploads_a_month"], timedelta(days=30))
        try:
            with self._office.store.write() as tx:
                spend(self._office.store, tx, "uploads:zalo_oa", month, now=self._clock())
        except TooMany:
            return False
        return True

    # ---- common -----------------------------------------------------------------------------

    def _add(
        self,
        channel: Channel,
        translator: Translator,
        fetch: Fetch,
        acknowledge: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._inlets[channel.name] = Inlet(
            translator, self._fetchers.get(channel.name, fetch), acknowledge
        )
        self._carriers[channel.name] = channel

    def _register(self, name: str, register: Callable[[str], None]) -> None:
        """Tell the platform our address, again and again until it listens."""
        public = self._office.settings.public_url.rstrip("/")
        if not public.startswith("https://"):
            _log.info("webhook_not_registered", channel=name, reason="no public https address")
            return

        self._chores.append(
            lambda: self._until_done(
                "webhook_registered", name, lambda: register(public + PATHS[name])
            )
        )

    def _learn_name(self, way: Way, ask: Callable[[], str]) -> None:
        """Ask the platform what our bot is called, so that officers find it."""

        def learn() -> None:
            name = ask()
            with self._office.store.write() as tx:
                store_profile(tx, way, name, now=self._clock())

        self._chores.append(lambda: self._until_done("name_learnt", way, learn))

    def _until_done(self, what: str, channel: str, do: Callable[[], None]) -> None:
        """Try again and again, ever more rarely, until it worked."""
        wait = _FIRST_RETRY_SECONDS
        while not self._stopping.is_set():
            try:
                do()
            except (SendFailed, StorageAway) as error:
                reason = error.reason if isinstance(error, SendFailed) else type(error).__name__
                _log.warning(f"{what}_not_yet", channel=channel, reason=reason)
                self._stopping.wait(wait)
                wait = min(wait * 2, _LONGEST_RETRY_SECONDS)
            else:
                _log.info(what, channel=channel)
                return

    def _store(self, translator: Translator, found: list[dict[str, Any]]) -> None:
        arrivals = [arrival_of(translator, json.dumps(one).encode()) for one in found]
        kept = [arrival for arrival in arrivals if arrival is not None]
        if kept:
            self._receiver.store_now(kept)

    def _poll(self, name: str, once: Callable[[], None]) -> None:
        """Ask again and again while this process is the one that polls; faults are waited out."""
        lease = _Lease(self._office, f"poll:{name}", clock=self._clock)
        wait = 0.0
        while not self._stopping.wait(wait):
            try:
                if lease.held(_POLL_LEASE):
                    once()
                    wait = 0.0
                else:
                    wait = _FIRST_RETRY_SECONDS
            except (SendFailed, StorageAway) as error:
                _log.warning("polling", channel=name, error=type(error).__name__)
                wait = min(max(wait * 2, _FIRST_RETRY_SECONDS), 60.0)


class _Lease:
    """A right that one process of all has, until it stops renewing it."""

    def __init__(self, office: Office, name: str, *, clock: Callable[[], datetime]) -> None:
        self._office = office
        self._name = name
        self._clock = clock
        self._until: datetime | None = None

    def held(self, period: timedelta) -> bool:
        """Take or renew it; False while another process has it."""
        store, now = self._office.store, self._clock()
        build = sqlite_insert if store.is_sqlite else postgresql_insert
        mine = rate_buckets.c.next_at <= now
        if self._until is not None:
            mine = mine | (rate_buckets.c.next_at == self._until)
        with store.write() as tx:
            self._ensure(tx, build, now)
            taken = tx.execute(
                update(rate_buckets)
                .where(rate_buckets.c.bucket == self._name, mine)
                .values(next_at=now + period)
            )
        self._until = now + period if taken.rowcount == 1 else None
        return self._until is not None

    def _ensure(self, tx: Transaction, build: Any, now: datetime) -> None:
        fresh = build(rate_buckets).values(bucket=self._name, next_at=now)
        tx.execute(fresh.on_conflict_do_nothing())


def _secret(value: Any) -> str:
    return "" if value is None else str(value.get_secret_value())
