"""What operators see: one JSON log line a request, and metrics.

A line holds the route's template, status and duration; never a path, a query, a body, a name or
an exception's own text, any of which may carry a secret or a person.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Sequence

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

UNMATCHED = "unmatched"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


def set_up_logs(level: str) -> None:
    """JSON lines on stderr for our own events; libraries speak from WARNING up, by name only."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # A handler that fails would print the record with its arguments.
    logging.raiseExceptions = False
    handler = _ToStderr()
    handler.setFormatter(_NamesOnly())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


class _ToStderr(logging.Handler):
    """Writes to whatever stderr is at the moment."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        print(self.format(record), file=sys.stderr)  # noqa: T201 - this is where log lines end


class _NamesOnly(logging.Formatter):
    """A library's record without its arguments: those may be addresses, tokens or rows."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON line: logger, level, place in the code, kind of exception."""
        line: dict[str, object] = {
            "event": "library",
            "logger": record.name,
            "level": record.levelname.lower(),
            "at": f"{record.module}:{record.lineno}",
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
        rendered = structlog.processors.JSONRenderer(ensure_ascii=False)(None, "", line)
        return rendered if isinstance(rendered, str) else rendered.decode()


def where(error: BaseException) -> Sequence[str]:
    """The places an exception passed through, innermost last, without any value."""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    return [f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno}:{frame.name}" for frame in frames]


class Metrics:
    """The metrics of one application; labels are route templates, methods and states only."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "tiepdan_requests",
            "Requests answered",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "tiepdan_request_seconds",
            "Time to answer",
            ("route",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.notices = Gauge(
            "tiepdan_notices", "Notices by delivery state", ("state",), registry=self.registry
        )
        self.petitions = Gauge(
            "tiepdan_petitions", "Petitions by status", ("status",), registry=self.registry
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
