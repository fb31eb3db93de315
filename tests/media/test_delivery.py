"""Rendition URLs: public ones, or signed ones that need no network call."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from botocore.credentials import ReadOnlyCredentials
from marquee.media.v1 import media_pb2
from pydantic import ValidationError

from service.media.delivery import MAX_URLS, SignedRenditionUrls
from service.settings import Delivery, Profile, Settings
from tests.client import Client
from tests.conftest import SettingsFactory
from tests.media.uploads import register, uploaded
from tests.object_storage import RENDITIONS, ObjectStorage
from tests.outage import seconds_until

TTL = 400.0


@pytest.fixture
def settings(make_settings: SettingsFactory, database_url: str) -> Settings:
    return make_settings(database_url=database_url, media_delivery=Delivery.PRESIGNED)


class Signing:
    """Signed URLs with a clock and credentials that tests change."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked = 0
        self.rendition_urls = SignedRenditionUrls(
            self._credentials, bucket_url="http://s3.test/b", region="eu-west-1", ttl=TTL, clock=lambda: self.now
        )

    def _credentials(self) -> ReadOnlyCredentials:
        self.asked += 1
        return ReadOnlyCredentials(f"key{self.asked}", "secret", None)


async def test_urls_are_signed_and_expire_without_a_call_to_storage(client: Client, settings: Settings) -> None:
    assert settings.s3_endpoint_url == "http://127.0.0.1:1", "no server listens there"
    user = await client.registered()
    file = await uploaded(user)
    image = (await client.as_service("media.register").media.RegisterFile(register(file.key))).file.image
    assert image.renditions
    for rendition in image.renditions:
        url = urlsplit(rendition.url)
        assert url.path.startswith(f"/marquee-renditions/{file.key.removeprefix('uploads/')}/")
        query = parse_qs(url.query)
        assert query["X-Amz-Expires"] == [str(int(settings.media_url_ttl))]
        assert query["X-Amz-Signature"]
    again = (await user.media.GetFile(media_pb2.GetFileRequest(id=file.id))).file.image
    assert again == image, "handed out again, so that caches meet the same"


async def test_storage_accepts_a_signed_url(objects: ObjectStorage, make_settings: SettingsFactory) -> None:
    objects.s3.put_object(Bucket=RENDITIONS, Key="avatar/a b/ü.jpg", Body=b"smaller")
    with objects.credentials():
        settings = make_settings(media_delivery=Delivery.PRESIGNED, s3_endpoint_url=objects.aws.endpoint_url)
        rendition_urls = SignedRenditionUrls.from_settings(settings)
    url = rendition_urls.url("avatar/a b/ü.jpg")
    assert await asyncio.to_thread(fetched, url) == b"smaller"


async def test_a_returned_url_is_valid_for_at_least_three_quarters_of_its_lifetime() -> None:
    signing = Signing()
    first = signing.rendition_urls.url("a")
    signing.now = TTL / 4 - 1
    assert signing.rendition_urls.url("a") == first
    signing.now = TTL / 4 + 1
    await asyncio.sleep(1.1)  # signatures contain whole seconds
    assert signing.rendition_urls.url("a") != first


async def test_new_credentials_are_fetched_in_the_background() -> None:
    signing = Signing()
    assert "key1%2F" in signing.rendition_urls.url("a")
    signing.now = 61.0
    signing.rendition_urls.url("a")

    async def uses_new_credentials() -> bool:
        return "key2%2F" in signing.rendition_urls.url("a")

    await seconds_until(uses_new_credentials)
    assert signing.asked == 2, "once, however many ask"


async def test_the_number_of_cached_urls_is_bounded() -> None:
    signing = Signing()
    cached = signing.rendition_urls._urls  # noqa: SLF001 - the size is not public
    cached.update((str(number), "") for number in range(MAX_URLS))
    signing.rendition_urls.url("one more")
    assert len(cached) == MAX_URLS
    assert "0" not in cached


def test_production_needs_a_safe_public_url_unless_urls_are_signed(make_settings: SettingsFactory) -> None:
    production: dict[str, Any] = {"profile": Profile.PRODUCTION, "reflection": False, "port": 50051}
    with pytest.raises(ValueError, match="MARQUEE_MEDIA_BASE_URL"):
        make_settings(**production).for_serving()
    make_settings(**production, media_delivery=Delivery.PRESIGNED).for_serving()
    with pytest.raises(ValidationError):
        make_settings(media_url_ttl=60 * 60 * 24 * 8)


def fetched(url: str) -> bytes:
    """Returns the body of a URL."""
    with urlopen(url, timeout=5) as answer:  # noqa: S310 - the tests' own S3
        data: bytes = answer.read()
    return data
