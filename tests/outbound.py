"""Detects connections and DNS queries to other machines, by Python's audit events."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_active: list[list[str]] = []


@contextmanager
def outbound_hosts() -> Iterator[list[str]]:
    """Yields a list that collects the other hosts that the block connects to or looks up."""
    _install_hook()
    found: list[str] = []
    _active.append(found)
    try:
        yield found
    finally:
        _active.remove(found)


@cache
def _install_hook() -> None:
    # Python cannot remove an audit hook, so it stays until the process ends.
    sys.addaudithook(_on_audit_event)


def _on_audit_event(event: str, arguments: tuple[Any, ...]) -> None:
    if not _active:
        return
    match event, arguments:
        case "socket.connect" | "socket.sendto", (_, (str(host), *_)) if not _is_local(host):
            _add(host)
        case "socket.getaddrinfo" | "socket.gethostbyname", (str(host), *_) if not _is_local(host):
            _add(host)
        case "socket.gethostbyaddr" | "socket.getnameinfo", (host, *_):
            _add(f"name of {host}")


def _add(host: str) -> None:
    for found in _active:
        found.append(host)


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
