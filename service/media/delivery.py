"""Where clients fetch renditions: from public addresses, or through URLs that are signed and end."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote

import boto3
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from service.settings import Delivery, Settings

FRESH = 60.0
"""Seconds after which credentials are asked for again, in a thread."""
KEPT = 50_000
"""URLs that a worker keeps, some 500 bytes each."""


class Addresses(Protocol):
    """Tells the URL of a rendition."""

    def url(self, key: str) -> str:
        """Returns where clients fetch the rendition; costs neither network nor database."""
        ...


class PublicAddresses:
    """Renditions below a public URL: a CDN, or the bucket itself."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")

    def url(self, key: str) -> str:
        """Returns the base URL with the key behind it."""
        return f"{self._base_url}/{key}"


class SignedAddresses:
    """Renditions of a private bucket, by presigned URLs.

    A URL is handed out again until a quarter of its life is over, so that clients and caches meet the same one, and is
    good for the other three quarters at least; where credentials are temporary, no longer than these.
    """

    def __init__(
        self,
        credentials: Callable[[], ReadOnlyCredentials],
        *,
        bucket_url: str,
        region: str,
        ttl: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`credentials` may block, as fresh ones have to be fetched; `ttl`: seconds that a URL is good for."""
        self._ask = credentials
        self._credentials = credentials()
        self._bucket_url = bucket_url
        self._region = region
        self._ttl = ttl
        self._clock = clock
        self._asked_at = clock()
        self._asking: asyncio.Task[None] | None = None
        self._kept: OrderedDict[str, tuple[str, float]] = OrderedDict()

    @classmethod
    def from_settings(cls, settings: Settings) -> SignedAddresses:
        """Takes credentials from boto3's usual chain, which may ask the network here, once; raises RuntimeError."""
        session = boto3.Session(region_name=settings.s3_region)
        credentials = session.get_credentials()
        if credentials is None:
            raise RuntimeError("MARQUEE_MEDIA_DELIVERY=presigned needs AWS credentials, and none are found")
        client = session.client("s3", endpoint_url=settings.s3_endpoint_url)
        endpoint, bucket = client.meta.endpoint_url, settings.rendition_bucket
        if settings.s3_endpoint_url or "amazonaws.com" not in endpoint:
            bucket_url = f"{endpoint.rstrip('/')}/{bucket}"
        else:
            bucket_url = f"https://{bucket}.s3.{settings.s3_region}.amazonaws.com"
        return cls(
            credentials.get_frozen_credentials,
            bucket_url=bucket_url,
            region=settings.s3_region,
            ttl=settings.media_url_ttl,
        )

    def url(self, key: str) -> str:
        """Returns a presigned GET."""
        self._refresh()
        kept = self._kept.get(key)
        if kept is not None and kept[1] > self._clock():
            return kept[0]
        request = AWSRequest(method="GET", url=f"{self._bucket_url}/{quote(key)}")
        S3SigV4QueryAuth(self._credentials, "s3", self._region, expires=int(self._ttl)).add_auth(request)
        url = str(request.url)
        self._kept.pop(key, None)
        self._kept[key] = (url, self._clock() + self._ttl / 4)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return url

    def _refresh(self) -> None:
        if self._clock() - self._asked_at >= FRESH and (self._asking is None or self._asking.done()):
            self._asked_at = self._clock()
            self._asking = asyncio.get_running_loop().create_task(self._ask_again(), name="credentials")

    async def _ask_again(self) -> None:
        credentials = await asyncio.to_thread(self._ask)
        if credentials != self._credentials:
            self._credentials = credentials
            self._kept.clear()


def addresses_from_settings(settings: Settings) -> Addresses:
    """Returns what the settings choose."""
    if settings.media_delivery is Delivery.PRESIGNED:
        return SignedAddresses.from_settings(settings)
    return PublicAddresses(settings.media_base_url)
