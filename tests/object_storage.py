"""A local S3 that tests may inspect and stop."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.importers.uploads import post_image
from service.local.aws import LocalAws
from service.media.storage import S3UploadStorage
from service.settings import Settings
from service.supervisor.ports import free_port

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

ROOT = Path(__file__).parents[1]
PYTHON = Path(os.environ.get("MARQUEE_MINISTACK_PYTHON", ROOT / ".venv-ministack" / "bin" / "python"))
UPLOADS, RENDITIONS = "marquee-uploads", "marquee-renditions"


class ObjectStorage:
    """A running S3 with both buckets; the bucket of uploads has versioning."""

    def __init__(self, aws: LocalAws, settings: Settings) -> None:
        self.aws = aws
        with self.credentials():
            own = settings.model_copy(update={"s3_endpoint_url": aws.endpoint_url})
            self.storage = S3UploadStorage.from_settings(own)
        self.s3: S3Client = aws.session().client("s3", endpoint_url=aws.endpoint_url)
        for bucket in (UPLOADS, RENDITIONS):
            self.s3.create_bucket(Bucket=bucket)
        self.s3.put_bucket_versioning(Bucket=UPLOADS, VersioningConfiguration={"Status": "Enabled"})

    @contextmanager
    def credentials(self) -> Iterator[None]:
        """Sets the credentials in the environment of this process and of new child processes."""
        before = dict(os.environ)
        os.environ.update(self.aws.environment)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def upload(self, answer: Any, data: bytes = b"a picture") -> None:
        """Uploads an image with the form that CreateUpload returned."""
        post_image(answer.upload.url, answer.upload.fields, data, file_name=answer.file.file_name)

    def render(self, upload_key: str) -> None:
        """Writes two renditions of an upload, like the function."""
        for name in ("a-w154.jpg", "b-w154.webp"):
            self.s3.put_object(Bucket=RENDITIONS, Key=f"{upload_key.removeprefix('uploads/')}/{name}", Body=b"smaller")

    def left(self, upload_key: str) -> list[str]:
        """Returns the keys of all versions, delete markers and renditions of an upload."""
        found = []
        for bucket, prefix in ((UPLOADS, upload_key), (RENDITIONS, f"{upload_key.removeprefix('uploads/')}/")):
            answer = self.s3.list_object_versions(Bucket=bucket, Prefix=prefix)
            found += [version["Key"] for version in answer.get("Versions", ())]
            found += [marker["Key"] for marker in answer.get("DeleteMarkers", ())]
        return found


@contextmanager
def object_storage(folder: Path, settings: Settings) -> Iterator[ObjectStorage]:
    """Yields an S3 with its data in a folder, and stops it."""
    aws = LocalAws(python=PYTHON, data_dir=folder, port=free_port())
    aws.start()
    try:
        yield ObjectStorage(aws, settings)
    finally:
        aws.stop()
