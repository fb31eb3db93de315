"""Fakes: an object store in memory, and a media service on a real gRPC server that records its requests."""

from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
from marquee.media.v1 import media_pb2, media_pb2_grpc

from lambdas.register_image.storage import ObjectGone, ObjectTooLarge, StoredObject


@dataclass
class FakeStore:
    """An ObjectStore in memory that records writes and removals."""

    objects: dict[tuple[str, str], StoredObject] = field(default_factory=dict)
    content_types: dict[str, str] = field(default_factory=dict)
    removed_versions: list[tuple[str, str, str]] = field(default_factory=list)

    def fetch(self, bucket: str, key: str, *, version_id: str, limit: int) -> StoredObject:  # noqa: ARG002
        try:
            found = self.objects[bucket, key]
        except KeyError:
            raise ObjectGone(key) from None
        if len(found.data) > limit:
            raise ObjectTooLarge(key)
        return found

    def put(self, bucket: str, key: str, data: bytes, *, content_type: str) -> None:
        self.objects[bucket, key] = StoredObject(data=data, expected_sha256="")
        self.content_types[key] = content_type

    def remove(self, bucket: str, key: str) -> None:
        self.objects.pop((bucket, key), None)

    def remove_version(self, bucket: str, key: str, *, version_id: str, etag: str) -> None:  # noqa: ARG002
        self.objects.pop((bucket, key), None)
        self.removed_versions.append((bucket, key, version_id))

    def keys(self, bucket: str) -> list[str]:
        return [key for name, key in self.objects if name == bucket]


@dataclass
class MediaServiceRecorder(media_pb2_grpc.MediaServiceServicer):
    """Records the requests of the functions. Reports fail with the codes in `failures` before they succeed."""

    failures: list[grpc.StatusCode] = field(default_factory=list)
    registered: list[media_pb2.RegisterFileRequest] = field(default_factory=list)
    rejected: list[media_pb2.RejectFileRequest] = field(default_factory=list)
    begun: list[media_pb2.BeginFileRequest] = field(default_factory=list)
    forgotten: list[media_pb2.ForgetFileRequest] = field(default_factory=list)
    proceed: bool = True
    unknown: bool = False
    """True if BeginFile answers NOT_FOUND."""
    authorizations: list[object] = field(default_factory=list)
    address: str = ""

    def RegisterFile(  # noqa: N802 - gRPC's name
        self, request: media_pb2.RegisterFileRequest, context: grpc.ServicerContext
    ) -> media_pb2.RegisterFileResponse:
        self._record_or_fail(context)
        self.registered.append(request)
        return media_pb2.RegisterFileResponse()

    def RejectFile(  # noqa: N802 - gRPC's name
        self, request: media_pb2.RejectFileRequest, context: grpc.ServicerContext
    ) -> media_pb2.RejectFileResponse:
        self._record_or_fail(context)
        self.rejected.append(request)
        return media_pb2.RejectFileResponse()

    def BeginFile(  # noqa: N802 - gRPC's name
        self, request: media_pb2.BeginFileRequest, context: grpc.ServicerContext
    ) -> media_pb2.BeginFileResponse:
        if self.unknown:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such upload")
        self.begun.append(request)
        return media_pb2.BeginFileResponse(proceed=self.proceed)

    def ForgetFile(  # noqa: N802 - gRPC's name
        self, request: media_pb2.ForgetFileRequest, context: grpc.ServicerContext
    ) -> media_pb2.ForgetFileResponse:
        self._record_or_fail(context)
        self.forgotten.append(request)
        return media_pb2.ForgetFileResponse()

    def _record_or_fail(self, context: grpc.ServicerContext) -> None:
        self.authorizations.append(dict(context.invocation_metadata()).get("authorization"))
        if self.failures:
            context.abort(self.failures.pop(0), "a failure that the test requested")


@contextmanager
def media_service() -> Iterator[MediaServiceRecorder]:
    """Runs a recorder on a loopback port; its `address` is host:port."""
    recorder = MediaServiceRecorder()  # type: ignore[abstract]  # the missing methods answer UNIMPLEMENTED
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    media_pb2_grpc.add_MediaServiceServicer_to_server(recorder, server)
    recorder.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield recorder
    finally:
        server.stop(None).wait()
