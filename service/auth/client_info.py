"""Client info: the network of a caller, and the name that their device gives itself."""

from __future__ import annotations

import ipaddress
import unicodedata
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

MAX_DEVICE_LENGTH = 100
IP_SCHEMES = frozenset({"ipv4", "ipv6"})


@dataclass(frozen=True, slots=True)
class ClientInfo:
    """The network and the device of a caller."""

    peer: str
    """An IPv4 address, the /64 network of an IPv6 address, or `unix` for a socket of this machine."""
    device: str
    """The device's own label: printable, NFC, at most 100 characters, possibly empty. The caller chooses it."""


CACHE_SIZE = 1024
"""Callers whose info is cached: they repeat, and parsing costs more than the rest of the interceptor."""
UNKNOWN = ClientInfo(peer="", device="")
CURRENT: ContextVar[ClientInfo] = ContextVar("client_info", default=UNKNOWN)


def current_client_info() -> ClientInfo:
    """Returns the client info of the current request, set by the client info interceptor."""
    return CURRENT.get()


@lru_cache(CACHE_SIZE)
def parse_client_info(
    connection: str, forwarded: str | bytes | None, trusted_proxies: int, *labels: str | bytes | None
) -> ClientInfo:
    """Returns the info of a caller; `parse_peer` and `parse_device` explain the arguments."""
    return ClientInfo(parse_peer(connection, forwarded, trusted_proxies=trusted_proxies), parse_device(*labels))


def parse_peer(connection: str, forwarded: str | bytes | None, *, trusted_proxies: int) -> str:
    """Returns the caller's peer.

    `connection` is the other end of the connection as gRPC names it, `forwarded` the list in x-forwarded-for. Each
    proxy appends the address that called it. So only the last `trusted_proxies` addresses are reliable, and the first
    of them is the caller. If there are fewer, or if that entry is no address, the peer is the other end of the
    connection: no caller can choose their peer.
    """
    if trusted_proxies and isinstance(forwarded, str):
        addresses = forwarded.split(",")
        if len(addresses) >= trusted_proxies:
            with suppress(ValueError):
                return _network(addresses[-trusted_proxies])
    return _other_end(connection)


def parse_device(*labels: str | bytes | None) -> str:
    """Returns the first label with printable text, normalised for storage and display; else an empty string."""
    for label in labels:
        if isinstance(label, str):
            printable = "".join(character for character in label if character.isprintable())
            text = unicodedata.normalize("NFC", printable).strip()[:MAX_DEVICE_LENGTH].rstrip()
            if text:
                return text
    return ""


def _other_end(connection: str) -> str:
    scheme, _, address = connection.partition(":")
    return _network(unquote(address)) if scheme in IP_SCHEMES else scheme


def _network(text: str) -> str:
    """Returns the network of an address with or without a port; raises ValueError.

    A network is the unit that a caller cannot leave easily.
    """
    address = ipaddress.ip_address(_without_port(text.strip()))
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    # A household or server may use all addresses of its /64.
    return f"{ipaddress.IPv6Address(int(address) >> 64 << 64)}/64"


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
