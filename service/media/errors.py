"""Errors of files and uploads."""

from __future__ import annotations

from service.errors import NotFound, Resource, ResourceExhausted


class FileNotFound(NotFound):
    """The file does not exist, or the caller may not see it."""

    def __init__(self, name: object) -> None:
        super().__init__(f"no file {name}", resource=Resource("marquee.media.v1.File", str(name)))


class TooManyUploadsPending(ResourceExhausted):
    """The caller has the maximum number of unfinished uploads."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"at most {most} uploads may be unfinished: upload or delete the files already created",
            retry_after=10.0,
            quota="uploads pending",
        )


class UploadQuotaExceeded(ResourceExhausted):
    """The caller has used their quota of files or bytes for 24 hours."""

    def __init__(self, quota: str, *, retry_after: float) -> None:
        super().__init__(f"the quota of {quota} for 24 hours is used up", retry_after=retry_after, quota=quota)


class TooManyFileWatches(ResourceExhausted):
    """The caller has the maximum number of file watches on this worker."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"at most {most} file watches per caller and worker: end one first", retry_after=5.0, quota="file watches"
        )
