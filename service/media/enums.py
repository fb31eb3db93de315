"""Enumerations of files, which other domains may use."""

from __future__ import annotations

import enum


class FileKind(enum.StrEnum):
    """Purposes of images."""

    AVATAR = "avatar"
    POSTER = "poster"
    BACKDROP = "backdrop"
    PERSON_PHOTO = "person_photo"


class FileState(enum.StrEnum):
    """States of a file, from upload to use."""

    PENDING = "pending"
    PROCESSING = "processing"
    READY = "ready"
    REJECTED = "rejected"
    EXPIRED = "expired"
    DELETED = "deleted"


class ImageFormat(enum.StrEnum):
    """Formats of renditions."""

    JPEG = "jpeg"
    WEBP = "webp"
    AVIF = "avif"
