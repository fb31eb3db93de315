"""Files and pictures as messages."""

from __future__ import annotations

from marquee.media.v1 import media_pb2

from service.media import values
from service.media.models import FileKind, FileState, ImageFormat
from service.media.storage import UploadForm
from service.protobuf import timestamp

REASON_PREFIX = "REJECTION_REASON_"


def upload_from(message: media_pb2.CreateUploadRequest) -> values.Upload:
    """Returns what the caller announces; validation let no unspecified kind pass."""
    return values.Upload(
        kind=FileKind[media_pb2.FileKind.Name(message.kind).removeprefix("FILE_KIND_")],
        movie_id=message.movie_id or None,
        person_id=message.person_id or None,
        file_name=message.file_name,
        content_type=message.content_type,
        size_bytes=message.size_bytes,
        sha256=message.sha256 if message.HasField("sha256") else None,
    )


def to_file(record: values.FileRecord) -> media_pb2.File:
    """Returns the message of a file."""
    file = record.file
    message = media_pb2.File(
        id=file.id,
        kind=media_pb2.FileKind.Value(f"FILE_KIND_{file.kind.name}"),
        state=media_pb2.FileState.Value(f"FILE_STATE_{file.state.name}"),
        file_name=file.file_name,
        mime_type=file.mime_type,
        size_bytes=file.size_bytes,
        key=file.key,
        rejection_detail=file.rejection_detail,
        create_time=timestamp(file.created_at),
        update_time=timestamp(file.updated_at),
    )
    if file.state is FileState.PENDING:
        message.expire_time.CopyFrom(timestamp(file.expires_at))
    if file.rejection_reason:
        message.rejection_reason = media_pb2.RejectionReason.Value(REASON_PREFIX + file.rejection_reason.upper())
    if record.image is not None:
        message.image.CopyFrom(to_image(record.image))
        message.url = message.image.url
    return message


def to_image(image: values.Image) -> media_pb2.Image:
    """Returns the message of a picture."""
    return media_pb2.Image(
        file_id=image.file_id,
        url=image.url,
        width=image.width,
        height=image.height,
        thumbhash=image.thumbhash,
        dominant_color=image.dominant_color,
        renditions=[
            media_pb2.Rendition(
                format=media_pb2.ImageFormat.Value(f"IMAGE_FORMAT_{rendition.format.name}"),
                width=rendition.width,
                height=rendition.height,
                size_bytes=rendition.size_bytes,
                url=rendition.url,
            )
            for rendition in image.renditions
        ],
    )


def to_form(form: UploadForm) -> media_pb2.UploadForm:
    """Returns the message of an upload form."""
    return media_pb2.UploadForm(url=form.url, fields=form.fields, expire_time=timestamp(form.expires_at))


def version_from(message: media_pb2.ObjectVersion) -> values.ObjectVersion:
    """Returns the object version that a verdict speaks of."""
    return values.ObjectVersion(
        bucket=message.bucket,
        key=message.key,
        sequencer=message.sequencer,
        etag=message.etag,
        version_id=message.version_id,
    )


def picture_from(message: media_pb2.RegisterFileRequest) -> values.VerifiedPicture:
    """Returns what the Lambda function found out."""
    return values.VerifiedPicture(
        mime_type=message.mime_type,
        size_bytes=message.size_bytes,
        width=message.width,
        height=message.height,
        sha256=message.sha256,
        thumbhash=message.thumbhash,
        dominant_color=message.dominant_color,
        renditions=[
            values.StoredRendition(
                key=stored.key,
                format=ImageFormat[media_pb2.ImageFormat.Name(stored.format).removeprefix("IMAGE_FORMAT_")],
                width=stored.width,
                height=stored.height,
                size_bytes=stored.size_bytes,
                sha256=stored.sha256,
            )
            for stored in message.renditions
        ],
    )


def reason_from(message: media_pb2.RejectionReason.ValueType) -> str:
    """Returns the reason as it is stored, such as `too_large`."""
    return media_pb2.RejectionReason.Name(message).removeprefix(REASON_PREFIX).lower()
