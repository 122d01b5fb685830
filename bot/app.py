"""Mounts the citizens' side into the web server: chat page, chat API, platforms, delivery."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import FastAPI

from bot import open311
from bot.antivirus import Antivirus
from bot.bell import Bell
from bot.channels import Channels
from bot.delivery import NoticeWriter
from bot.notices import word_notice
from bot.web_channel import WebChat
from intake.clock import local_date, utc_now
from intake.office import Office


class CitizensSide:
    """The background work: notices into conversations, platform channels, antivirus."""

    def __init__(
        self, writer: NoticeWriter, channels: Channels, antivirus: Antivirus, bell: Bell
    ) -> None:
        self._writer = writer
        self._channels = channels
        self._antivirus = antivirus
        self._bell = bell

    def start(self) -> None:
        """Begin; returns at once."""
        self._writer.start()
        self._channels.start()
        self._antivirus.start()

    def stop(self) -> None:
        """End what is under way."""
        self._bell.close()
        self._antivirus.stop()
        self._channels.stop()
        self._writer.stop()


def mount(app: FastAPI, office: Office) -> CitizensSide:
    """Add the citizens' routes to the server.

    Returns:
        The background work that belongs to them; the server starts and stops it.

    Raises:
        SetupRefused: a platform channel is half configured, or the antivirus address malformed.
    """
    clock: Callable[[], datetime] = getattr(app.state, "clock", utc_now)
    # The first text read loads the word tables; no citizen has to wait for that.
    office.router.route(office.directory.province.name, on=local_date(utc_now()))
    bell = Bell()
    writer = NoticeWriter(office, clock=clock, written=bell.ring)
    channels = Channels(office, word=word_notice, clock=clock)
    antivirus = Antivirus(office, clock=clock, told=bell.ring)
    app.include_router(WebChat(office, writer, bell, clock=clock).router())
    app.include_router(open311.router(office, clock=clock))
    channels.add_routes(app)
    return CitizensSide(writer, channels, antivirus, bell)
