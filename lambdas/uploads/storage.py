"""Access to S3 for every function: the client, and a look-up of the current object of a key."""

from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

GONE = frozenset({"NoSuchKey", "NoSuchVersion", "404", "NotFound"})
"""Error codes of S3 for a missing object."""
DELETE_MARKER = "MethodNotAllowed"
"""Error code of S3 if the requested version is a delete marker."""


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
    """Returns the entity tag, without quotes, of the current object of a key; None if there is none."""
    try:
        response = client.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in GONE:
            return None
        raise
    etag: str = response["ETag"]
    return etag.strip('"')
