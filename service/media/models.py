"""Tables of images: files and their renditions."""

from __future__ import annotations

from typing import Any

from tortoise import fields

from service.database.orm import TimestampedModel
from service.media.enums import FileKind, FileState, ImageFormat


class File(TimestampedModel):
    """An uploaded object and the result of its processing.

    `sequencer` is that of the last applied storage event: only a newer one may change the row. The ids of the
    uploader and the owner have foreign keys (SET NULL) in the database; as ORM relations they would be circular.
    """

    id = fields.IntField(primary_key=True)
    kind = fields.CharEnumField(FileKind, max_length=16)
    state = fields.CharEnumField(FileState, max_length=12, db_default=FileState.PENDING)
    file_name = fields.CharField(max_length=255)
    mime_type = fields.CharField(max_length=127)
    bucket = fields.CharField(max_length=63)
    key = fields.CharField(max_length=1024)
    uploader_id = fields.IntField(null=True)
    movie_id = fields.IntField(null=True)
    person_id = fields.IntField(null=True)
    size_bytes = fields.BigIntField()
    declared_sha256 = fields.BinaryField(null=True)
    expires_at = fields.DatetimeField()
    etag = fields.CharField(max_length=128, db_default="")
    version_id = fields.CharField(max_length=1024, db_default="")
    sequencer = fields.CharField(max_length=64, db_default="")
    width = fields.IntField(null=True)
    height = fields.IntField(null=True)
    sha256 = fields.BinaryField(null=True)
    thumbhash = fields.BinaryField(null=True)
    dominant_color = fields.CharField(max_length=7, db_default="")
    is_animated = fields.BooleanField(db_default=False)
    rejection_reason = fields.CharField(max_length=32, db_default="")
    rejection_detail = fields.CharField(max_length=500, db_default="")

    renditions: fields.ReverseRelation[FileRendition]

    class Meta:
        """Table."""

        table = "files"
        unique_together = (("bucket", "key"),)


class FileRendition(TimestampedModel):
    """One size and format of an image."""

    id = fields.IntField(primary_key=True)
    file: Any = fields.ForeignKeyField("marquee.File", related_name="renditions", on_delete=fields.CASCADE)
    format = fields.CharEnumField(ImageFormat, max_length=8)
    width = fields.IntField()
    height = fields.IntField()
    size_bytes = fields.BigIntField()
    sha256 = fields.BinaryField()
    key = fields.CharField(max_length=1024, unique=True)

    file_id: int

    class Meta:
        """Table."""

        table = "file_renditions"
        unique_together = (("file", "format", "width", "height"),)
