"""Where a call comes from: the network of its caller, and what their device calls itself."""

from __future__ import annotations

import ipaddress
import unicodedata
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

MAX_DEVICE_LENGTH = 100
ADDRESSES = frozenset({"ipv4", "ipv6"})


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """Where a call comes from."""

    peer: str
    """An IPv4 address, the /64 network of an IPv6 address, or `unix` for a socket of this machine."""
    device: str
    """The device's own label: printable, NFC, at most 100 characters, perhaps empty, never to be trusted."""


# Callers come again with every call, and taking their names apart costs more than all else here.
CACHE_SIZE = 1024
UNKNOWN = ClientInfo(peer="", device="")
CURRENT: ContextVar[ClientInfo] = ContextVar("client_info", default=UNKNOWN)


def current_client_info() -> ClientInfo:
    """Returns where the request under way comes from, as the client info interceptor found it."""
    return CURRENT.get()


@lru_cache(CACHE_SIZE)
def client_info_of(
    connection: str, forwarded: str | bytes | None, trusted_proxies: int, *labels: str | bytes | None
) -> ClientInfo:
    """Returns the origin of a call: its peer as `peer_of` finds it, its device as `device_of` does."""
    return ClientInfo(peer_of(connection, forwarded, trusted_proxies=trusted_proxies), device_of(*labels))


def peer_of(connection: str, forwarded: str | bytes | None, *, trusted_proxies: int) -> str:
    """Returns the caller's peer.

    `connection` is the other end as gRPC names it, `forwarded` the list in x-forwarded-for. Each proxy appends whom
    it was called by, so of all addresses only the last `trusted_proxies` are true, and the first of those is the
    caller. Where there are fewer, or that one is no address, the peer is the other end of the connection: nothing
    that a caller writes can choose it.
    """
    if trusted_proxies and isinstance(forwarded, str):
        addresses = forwarded.split(",")
        if len(addresses) >= trusted_proxies:
            with suppress(ValueError):
                return _network(addresses[-trusted_proxies])
    return _other_end(connection)


def device_of(*labels: str | bytes | None) -> str:
    """Returns the first label that has anything to show, in a form fit to be kept and shown."""
    for label in labels:
        if isinstance(label, str):
            printable = "".join(character for character in label if character.isprintable())
            shown = unicodedata.normalize("NFC", printable).strip()[:MAX_DEVICE_LENGTH].rstrip()
            if shown:
                return shown
    return ""


def _other_end(connection: str) -> str:
    scheme, _, address = connection.partition(":")
    return _network(unquote(address)) if scheme in ADDRESSES else scheme


def _network(text: str) -> str:
    """Returns what a caller cannot leave at will of an address with or without a port; raises ValueError."""
    address = ipaddress.ip_address(_without_port(text.strip()))
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    # One household or server has the whole /64 to choose from.
    return f"{ipaddress.IPv6Address(int(address) >> 64 << 64)}/64"


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
