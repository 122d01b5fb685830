"""Tests never reach another machine, whatever the code under test tries."""

from __future__ import annotations

import socket

import httpx
import pytest

from tests.network import OutsideWorld


def test_a_look_up_of_another_machine_is_refused() -> None:
    with pytest.raises(OutsideWorld):
        socket.getaddrinfo("example.invalid", 443)


def test_a_connection_to_another_machine_is_refused() -> None:
    with socket.socket() as plain, pytest.raises(OutsideWorld):
        plain.connect(("192.0.2.1", 443))


def test_web_clients_are_refused_too() -> None:
    with httpx.Client() as client, pytest.raises(OutsideWorld):
        client.get("http://192.0.2.1/")


def test_this_machine_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
