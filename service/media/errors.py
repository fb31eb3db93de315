"""What can go wrong with files."""

from __future__ import annotations

from service.errors import NotFound, Resource, ResourceExhausted


class FileNotFound(NotFound):
    """No such file, or not for this caller."""

    def __init__(self, name: object) -> None:
        super().__init__(f"no file {name}", resource=Resource("marquee.media.v1.File", str(name)))


class TooManyUploadsPending(ResourceExhausted):
    """As many of the caller's uploads wait for their picture or its verdict as may."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"at most {most} uploads may wait at once; send or delete those begun",
            retry_after=10.0,
            quota="uploads pending",
        )


class UploadQuotaExceeded(ResourceExhausted):
    """The caller has announced as many files or bytes within 24 hours as may be."""

    def __init__(self, quota: str, *, retry_after: float) -> None:
        super().__init__(f"no more {quota} within 24 hours", retry_after=retry_after, quota=quota)


class TooManyFileWatches(ResourceExhausted):
    """The caller watches as many files on this worker as it keeps for one."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"at most {most} watched files of one caller on a worker; end one", retry_after=5.0, quota="file watches"
        )
