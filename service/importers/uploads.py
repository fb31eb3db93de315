"""Uploading a picture through an upload form, as any client does it."""

from __future__ import annotations

from collections.abc import Mapping

import urllib3

CREATED = (200, 201, 204)
TIMEOUT = urllib3.Timeout(connect=3.0, read=30.0)


class UploadRefused(RuntimeError):
    """Storage did not take the picture; the message holds its status and first words."""


def post_picture(url: str, fields: Mapping[str, str], data: bytes, *, file_name: str) -> None:
    """POSTs a picture as multipart/form-data, the form's own fields first. Raises UploadRefused."""
    parts: dict[str, str | tuple[str, bytes]] = {**fields, "file": (file_name, data)}
    answer = urllib3.request("POST", url, fields=parts, timeout=TIMEOUT, retries=False)
    if answer.status not in CREATED:
        raise UploadRefused(f"storage answered {answer.status}: {answer.data[:300].decode(errors='replace')}")
