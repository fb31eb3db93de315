"""Watches for what leaves this machine, by Python's own audit events."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_watching: list[list[str]] = []


@contextmanager
def outbound() -> Iterator[list[str]]:
    """Gives the hosts beyond this machine that are connected to or looked up while the block runs."""
    _listen()
    found: list[str] = []
    _watching.append(found)
    try:
        yield found
    finally:
        _watching.remove(found)


@cache
def _listen() -> None:
    # For as long as the process lives: Python takes no audit hook back.
    sys.addaudithook(_hear)


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching:
        return
    match event, arguments:
        case "socket.connect" | "socket.sendto", (_, (str(host), *_)) if not _is_here(host):
            _tell(host)
        case "socket.getaddrinfo" | "socket.gethostbyname", (str(host), *_) if not _is_here(host):
            _tell(host)
        case "socket.gethostbyaddr" | "socket.getnameinfo", (host, *_):
            _tell(f"name of {host}")


def _tell(host: str) -> None:
    for found in _watching:
        found.append(host)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
