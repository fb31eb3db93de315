"""The object storage as every function uses it: a client, and what stands under a key."""

from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

GONE = frozenset({"NoSuchKey", "NoSuchVersion", "404", "NotFound"})
"""S3's codes for an object that is not there."""
DELETE_MARKER = "MethodNotAllowed"
"""S3's code when the version asked for is a delete marker."""


def s3_client() -> Any:
    """Returns a client with the credentials, region and endpoint that botocore finds in the environment."""
    return botocore.session.Session().create_client(
        "s3",
        config=Config(
            connect_timeout=3,
            read_timeout=20,
            retries={"mode": "standard", "max_attempts": 3},
            max_pool_connections=8,
        ),
    )


def find_etag(client: Any, bucket: str, key: str) -> str | None:
    """Returns the entity tag, without quotes, of the object that stands under a key now; None for none."""
    try:
        answer = client.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in GONE:
            return None
        raise
    etag: str = answer["ETag"]
    return etag.strip('"')
