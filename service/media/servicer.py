"""MediaService over gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from marquee.media.v1 import media_pb2, media_pb2_grpc

from service.auth.principal import current_principal
from service.media import convert
from service.media.files import Files
from service.media.processing_results import ProcessingResults
from service.media.service import Media
from service.media.values import FileId
from service.media.watching import FileWatches


class MediaServicer(media_pb2_grpc.MediaServiceServicer):
    """Messages to arguments and back."""

    def __init__(self, *, media: Media, files: Files, results: ProcessingResults, file_watches: FileWatches) -> None:
        self._media = media
        self._files = files
        self._results = results
        self._file_watches = file_watches

    async def GetImageConfiguration(
        self, request: media_pb2.GetImageConfigurationRequest, context: Any
    ) -> media_pb2.GetImageConfigurationResponse:
        """Returns the limits of uploads and the sizes of renditions."""
        return convert.to_configuration()

    async def CreateUpload(
        self, request: media_pb2.CreateUploadRequest, context: Any
    ) -> media_pb2.CreateUploadResponse:
        """Creates a PENDING file and its upload form."""
        record, form = await self._media.create_upload(convert.upload_from(request), principal=current_principal())
        return media_pb2.CreateUploadResponse(file=convert.to_file(record), upload=convert.to_form(form))

    async def GetFile(self, request: media_pb2.GetFileRequest, context: Any) -> media_pb2.GetFileResponse:
        """Returns one file."""
        record = await self._files.get_file(FileId(request.id), principal=current_principal())
        return media_pb2.GetFileResponse(file=convert.to_file(record, preferred_width=request.preferred_width))

    async def BatchGetFiles(
        self, request: media_pb2.BatchGetFilesRequest, context: Any
    ) -> media_pb2.BatchGetFilesResponse:
        """Returns several files."""
        records, missing_ids = await self._files.batch_get_files(request.ids, principal=current_principal())
        width = request.preferred_width
        return media_pb2.BatchGetFilesResponse(
            files=[convert.to_file(record, preferred_width=width) for record in records], missing_ids=missing_ids
        )

    async def ListFiles(self, request: media_pb2.ListFilesRequest, context: Any) -> media_pb2.ListFilesResponse:
        """Returns a page of the files that the caller may see."""
        page = await self._files.list_files(
            convert.filter_from(request),
            principal=current_principal(),
            size=request.page_size,
            page_token=request.page_token,
        )
        width = request.preferred_width
        return media_pb2.ListFilesResponse(
            files=[convert.to_file(record, preferred_width=width) for record in page.items],
            next_page_token=page.next_page_token,
        )

    async def WatchFile(
        self, request: media_pb2.WatchFileRequest, context: Any
    ) -> AsyncIterator[media_pb2.WatchFileResponse]:
        """Streams a file until it reaches a final state."""
        watch = self._file_watches.watch_file(FileId(request.id), principal=current_principal())
        async with aclosing(watch) as records:
            async for record in records:
                file = convert.to_file(record, preferred_width=request.preferred_width)
                yield media_pb2.WatchFileResponse(file=file)

    async def DeleteFile(self, request: media_pb2.DeleteFileRequest, context: Any) -> media_pb2.DeleteFileResponse:
        """Deletes a file."""
        await self._files.delete_file(FileId(request.id), principal=current_principal())
        return media_pb2.DeleteFileResponse()

    async def BeginFile(self, request: media_pb2.BeginFileRequest, context: Any) -> media_pb2.BeginFileResponse:
        """Records that a Lambda function has begun."""
        record, proceeds = await self._results.begin_file(convert.version_from(request.object))
        return media_pb2.BeginFileResponse(file=convert.to_file(record), proceed=proceeds)

    async def RegisterFile(
        self, request: media_pb2.RegisterFileRequest, context: Any
    ) -> media_pb2.RegisterFileResponse:
        """Records the result of a Lambda function: usable."""
        record = await self._results.register_file(convert.version_from(request.object), convert.image_from(request))
        return media_pb2.RegisterFileResponse(file=convert.to_file(record))

    async def RejectFile(self, request: media_pb2.RejectFileRequest, context: Any) -> media_pb2.RejectFileResponse:
        """Records the result of a Lambda function: not usable."""
        record = await self._results.reject_file(
            convert.version_from(request.object),
            reason=convert.reason_from(request.reason),
            detail=request.detail,
        )
        return media_pb2.RejectFileResponse(file=convert.to_file(record))

    async def ForgetFile(self, request: media_pb2.ForgetFileRequest, context: Any) -> media_pb2.ForgetFileResponse:
        """Records that an object was removed."""
        record = await self._results.forget_file(convert.version_from(request.object))
        return media_pb2.ForgetFileResponse(file=convert.to_file(record))
