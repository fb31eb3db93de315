"""MediaService over gRPC."""

from __future__ import annotations

from typing import Any

from marquee.media.v1 import media_pb2, media_pb2_grpc

from service.auth.principal import current_principal
from service.media import convert
from service.media.service import Media
from service.media.values import FileId


class MediaServicer(media_pb2_grpc.MediaServiceServicer):
    """Messages to arguments and back."""

    def __init__(self, media: Media) -> None:
        self._media = media

    async def CreateUpload(
        self, request: media_pb2.CreateUploadRequest, context: Any
    ) -> media_pb2.CreateUploadResponse:
        """Makes a PENDING file and its upload form."""
        record, form = await self._media.create_upload(convert.upload_from(request), principal=current_principal())
        return media_pb2.CreateUploadResponse(file=convert.to_file(record), upload=convert.to_form(form))

    async def GetFile(self, request: media_pb2.GetFileRequest, context: Any) -> media_pb2.GetFileResponse:
        """Returns one file."""
        record = await self._media.get_file(FileId(request.id), principal=current_principal())
        return media_pb2.GetFileResponse(file=convert.to_file(record))

    async def RegisterFile(
        self, request: media_pb2.RegisterFileRequest, context: Any
    ) -> media_pb2.RegisterFileResponse:
        """Takes a Lambda function's verdict: usable."""
        record = await self._media.register_file(convert.version_from(request.object), convert.picture_from(request))
        return media_pb2.RegisterFileResponse(file=convert.to_file(record))

    async def RejectFile(self, request: media_pb2.RejectFileRequest, context: Any) -> media_pb2.RejectFileResponse:
        """Takes a Lambda function's verdict: not usable."""
        record = await self._media.reject_file(
            convert.version_from(request.object),
            reason=convert.reason_from(request.reason),
            detail=request.detail,
        )
        return media_pb2.RejectFileResponse(file=convert.to_file(record))
