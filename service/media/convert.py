"""Files and images as messages."""

from __future__ import annotations

from marquee.media.v1 import media_pb2

from service.api.protobuf import from_timestamp, timestamp
from service.auth.principal import UserId
from service.media import configuration, values
from service.media.enums import FileKind, FileState, ImageFormat
from service.media.files import FileFilter
from service.media.storage import UploadForm

REASON_PREFIX = "REJECTION_REASON_"


def upload_from(message: media_pb2.CreateUploadRequest) -> values.Upload:
    """Returns the announced upload; validation has rejected an unspecified kind."""
    return values.Upload(
        kind=FileKind[media_pb2.FileKind.Name(message.kind).removeprefix("FILE_KIND_")],
        movie_id=message.movie_id or None,
        person_id=message.person_id or None,
        file_name=message.file_name,
        content_type=message.content_type,
        size_bytes=message.size_bytes,
        sha256=message.sha256 if message.HasField("sha256") else None,
    )


def filter_from(message: media_pb2.ListFilesRequest) -> FileFilter:
    """Returns the filter of a request; raises FieldsInvalid for times out of range."""
    kind = media_pb2.FileKind.Name(message.kind).removeprefix("FILE_KIND_")
    state = media_pb2.FileState.Name(message.state).removeprefix("FILE_STATE_")
    created = {
        field: from_timestamp(getattr(message, field), field=field)
        for field in ("created_from", "created_before")
        if message.HasField(field)
    }
    return FileFilter(
        kind=FileKind[kind] if message.kind else None,
        state=FileState[state] if message.state else None,
        uploader_id=UserId(message.uploader_id) if message.uploader_id else None,
        movie_id=message.movie_id or None,
        person_id=message.person_id or None,
        **created,
    )


def to_configuration() -> media_pb2.GetImageConfigurationResponse:
    """Returns the message of the upload limits and rendition sizes."""
    return media_pb2.GetImageConfigurationResponse(
        kinds=[
            media_pb2.KindConfiguration(
                kind=media_pb2.FileKind.Value(f"FILE_KIND_{kind.name}"),
                widths=limits.widths,
                heights=limits.heights,
                max_pixels=limits.max_pixels,
                min_width=limits.min_width,
                min_height=limits.min_height,
            )
            for kind, limits in configuration.KINDS.items()
        ],
        accepted_types=[
            media_pb2.AcceptedType(
                content_type=content_type,
                max_pixels=max_pixels,
                max_progressive_cmyk_pixels=configuration.MAX_PROGRESSIVE_CMYK_PIXELS.get(content_type, 0),
            )
            for content_type, max_pixels in configuration.ACCEPTED_TYPES.items()
        ],
        formats=[media_pb2.ImageFormat.Value(f"IMAGE_FORMAT_{made.name}") for made in configuration.FORMATS],
        max_bytes=configuration.MAX_BYTES,
        max_side=configuration.MAX_SIDE,
        full_side=configuration.FULL_SIDE,
        max_frames=configuration.MAX_FRAMES,
    )


def to_file(record: values.FileRecord, *, preferred_width: int = 0) -> media_pb2.File:
    """Returns the message of a file, with the URL of the preferred width."""
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
        is_animated=file.is_animated and file.state is FileState.READY,
        uploader_id=file.uploader_id or 0,
        movie_id=file.movie_id or 0,
        person_id=file.person_id or 0,
        create_time=timestamp(file.created_at),
        update_time=timestamp(file.updated_at),
    )
    if file.state is FileState.PENDING:
        message.expire_time.CopyFrom(timestamp(file.expires_at))
    if file.rejection_reason:
        message.rejection_reason = media_pb2.RejectionReason.Value(REASON_PREFIX + file.rejection_reason.upper())
    if record.image is not None:
        message.image.CopyFrom(to_image(record.image, preferred_width=preferred_width))
        message.url = message.image.url
        message.sha256 = bytes(file.sha256 or b"")
    return message


def to_image(image: values.Image, *, preferred_width: int = 0) -> media_pb2.Image:
    """Returns the message of an image, with the URL of the preferred width."""
    return media_pb2.Image(
        file_id=image.file_id,
        url=image.url(preferred_width=preferred_width),
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
    """Returns the object version of a result."""
    return values.ObjectVersion(
        bucket=message.bucket,
        key=message.key,
        sequencer=message.sequencer,
        etag=message.etag,
        version_id=message.version_id,
    )


def image_from(message: media_pb2.RegisterFileRequest) -> values.VerifiedImage:
    """Returns the image that the Lambda function verified."""
    return values.VerifiedImage(
        mime_type=message.mime_type,
        size_bytes=message.size_bytes,
        width=message.width,
        height=message.height,
        sha256=message.sha256,
        thumbhash=message.thumbhash,
        dominant_color=message.dominant_color,
        is_animated=message.is_animated,
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
    """Returns the stored form of a reason, such as `too_large`."""
    return media_pb2.RejectionReason.Name(message).removeprefix(REASON_PREFIX).lower()
