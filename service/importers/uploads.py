"""Client of upload forms, for the sample's posters and the demo."""

from __future__ import annotations

from collections.abc import Mapping

import urllib3

SUCCESS = (200, 201, 204)
TIMEOUT = urllib3.Timeout(connect=3.0, read=30.0)


class UploadRefused(RuntimeError):
    """The object storage refused an upload; the message holds its status and the start of its answer."""


def post_image(url: str, fields: Mapping[str, str], data: bytes, *, file_name: str) -> None:
    """POSTs an image as multipart/form-data after the fields of the form; raises UploadRefused."""
    parts: dict[str, str | tuple[str, bytes]] = {**fields, "file": (file_name, data)}
    response = urllib3.request("POST", url, fields=parts, timeout=TIMEOUT, retries=False)
    if response.status not in SUCCESS:
        raise UploadRefused(f"storage answered {response.status}: {response.data[:300].decode(errors='replace')}")
