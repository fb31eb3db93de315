"""URLs of renditions: public, or presigned with an expiry."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote

import boto3
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from cachetools import TTLCache

from service.settings import Delivery, Settings

CREDENTIALS_INTERVAL = 60.0
"""Seconds after which credentials are fetched again, in a thread."""
MAX_URLS = 50_000
"""Cached URLs of a worker, about 500 bytes each."""


class RenditionUrls(Protocol):
    """Makes the URLs of renditions."""

    def url(self, key: str) -> str:
        """Returns the URL of a rendition, without network or database access."""
        ...


class PublicRenditionUrls:
    """URLs below a public base URL: a CDN, or the bucket itself."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")

    def url(self, key: str) -> str:
        """Returns the base URL followed by the key."""
        return f"{self._base_url}/{key}"


class SignedRenditionUrls:
    """Presigned URLs of a private bucket.

    A URL is reused for a quarter of its validity, so that clients can cache it, and then remains valid for three
    quarters. With temporary credentials it expires with them at the latest.
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
        """`credentials` may block while it fetches new ones; `ttl` is the validity of a URL in seconds."""
        self._fetch_credentials = credentials
        self._credentials = credentials()
        self._bucket_url = bucket_url
        self._region = region
        self._ttl = ttl
        self._clock = clock
        self._fetched_at = clock()
        self._fetching: asyncio.Task[None] | None = None
        self._urls: TTLCache[str, str] = TTLCache(MAX_URLS, ttl / 4, timer=clock)

    @classmethod
    def from_settings(cls, settings: Settings) -> SignedRenditionUrls:
        """Uses the credentials of boto3's usual chain, which may use the network; raises RuntimeError."""
        session = boto3.Session(region_name=settings.s3_region)
        credentials = session.get_credentials()
        if credentials is None:
            raise RuntimeError("MARQUEE_MEDIA_DELIVERY=presigned needs AWS credentials, but none were found")
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
        """Returns a presigned URL for GET."""
        self._refresh()
        cached = self._urls.get(key)
        if cached is not None:
            return cached
        request = AWSRequest(method="GET", url=f"{self._bucket_url}/{quote(key)}")
        S3SigV4QueryAuth(self._credentials, "s3", self._region, expires=int(self._ttl)).add_auth(request)
        url = str(request.url)
        self._urls[key] = url
        return url

    def _refresh(self) -> None:
        if self._clock() - self._fetched_at >= CREDENTIALS_INTERVAL and (
            self._fetching is None or self._fetching.done()
        ):
            self._fetched_at = self._clock()
            self._fetching = asyncio.get_running_loop().create_task(self._replace_credentials(), name="credentials")

    async def _replace_credentials(self) -> None:
        credentials = await asyncio.to_thread(self._fetch_credentials)
        if credentials != self._credentials:
            self._credentials = credentials
            self._urls.clear()


def rendition_urls_from_settings(settings: Settings) -> RenditionUrls:
    """Returns the kind of URLs that the settings choose."""
    if settings.media_delivery is Delivery.PRESIGNED:
        return SignedRenditionUrls.from_settings(settings)
    return PublicRenditionUrls(settings.media_base_url)
