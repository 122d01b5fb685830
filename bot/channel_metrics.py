"""What operators see of the channels: queues, outcomes, tokens. Numbers and states, no persons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot import inbox, outbound, zalo_tokens
from intake.errors import StorageAway
from intake.office import Office
from intake.officer_messages import message_counts


class ChannelMetrics(Collector):
    """Read from the database when asked, so that every process shows the same figures."""

    def __init__(
        self,
        office: Office,
        seen: Mapping[tuple[str, str], int],
        signed_with: Mapping[str, int],
        *,
        clock: Callable[[], datetime],
    ) -> None:
        """Args:

        seen: webhook calls of this process by (channel, outcome).
        signed_with: signed Zalo calls of this process by the variant of key that fitted.
        """
        self._office = office
        self._seen = seen
        self._signed_with = signed_with
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """The families of metrics."""
        calls = GaugeMetricFamily(
            "tiepdan_webhook_calls", "Webhook calls of this process", labels=("channel", "outcome")
        )
        for (channel, outcome), number in dict(self._seen).items():
            calls.add_metric((channel, outcome), number)
        yield calls
        variants = GaugeMetricFamily(
            "tiepdan_zalo_signatures", "Signed calls by fitting key", labels=("variant",)
        )
        for variant, number in dict(self._signed_with).items():
            variants.add_metric((variant,), number)
        yield variants
        try:
            yield from self._stored()
        except StorageAway:
            return  # the rest of the page still says something

    def _stored(self) -> Iterator[Metric]:
        now = self._clock()
        with self._office.store.read() as tx:
            queues = {
                "inbox": inbox.counts(tx),
                "outbox": outbound.counts(tx),
                "officers": message_counts(tx),
            }
            waiting = {"inbox": inbox.oldest_waiting(tx), "outbox": outbound.oldest_waiting(tx)}
            arrived = inbox.last_arrivals(tx)
            token = zalo_tokens.expiry(tx)
        rows = GaugeMetricFamily(
            "tiepdan_channel_rows", "Rows by state", labels=("queue", "channel", "state")
        )
        for queue, counted in queues.items():
            for (channel, state), number in counted.items():
                rows.add_metric((queue, channel, state), number)
        yield rows
        age = GaugeMetricFamily(
            "tiepdan_channel_waiting_seconds", "Age of the oldest waiting row", labels=("queue",)
        )
        for queue, oldest in waiting.items():
            seconds = 0.0 if oldest is None else (now - oldest).total_seconds()
            age.add_metric((queue,), max(0.0, seconds))
        yield age
        silence = GaugeMetricFamily(
            "tiepdan_channel_silence_seconds", "Since a channel last brought anything",
            labels=("channel",),
        )  # fmt: skip
        for channel, last in arrived.items():
            silence.add_metric((channel,), max(0.0, (now - last).total_seconds()))
        yield silence
        if token is not None:
            yield GaugeMetricFamily(
                "tiepdan_zalo_token_seconds", "Until the access token ends",
                value=(token[0] - now).total_seconds(),
            )  # fmt: skip
            yield GaugeMetricFamily(
                "tiepdan_zalo_pair_age_seconds", "Since the token pair was renewed",
                value=(now - token[1]).total_seconds(),
            )  # fmt: skip
