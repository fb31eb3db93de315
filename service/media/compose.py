"""The services of media, wired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marquee.media.v1 import media_pb2_grpc

from service.api.pagination import PageTokens
from service.database.jobs import Job
from service.database.listener import Listener
from service.media.delivery import rendition_urls_from_settings
from service.media.enums import FileKind
from service.media.files import Files
from service.media.processing_results import ProcessingResults
from service.media.queues import list_queues, sqs_client
from service.media.quotas import UploadQuotas
from service.media.reconciliation.listings import RowReader, S3Lister
from service.media.reconciliation.repair import Buckets, QueuedUploadEvents, Repairer, UploadEvents
from service.media.reconciliation.service import Reconciliation
from service.media.removal import FileRemoval
from service.media.service import FileOwner, Media
from service.media.servicer import MediaServicer
from service.media.storage import UploadStorage
from service.media.sweeping import Sweep
from service.media.watching import FileWatches
from service.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaDomain:
    """The services that other domains and commands use, and the servicer."""

    media: Media
    results: ProcessingResults
    removal: FileRemoval
    sweep: Sweep
    servicer: MediaServicer

    def register(self, server: Any) -> None:
        """Adds MediaService to a gRPC server."""
        media_pb2_grpc.add_MediaServiceServicer_to_server(self.servicer, server)

    def jobs(self) -> Sequence[Job]:
        """Returns the housekeeping jobs."""
        return (
            Job("expired_uploads", self.sweep.expire),
            Job("replaced_files", self.removal.collect_replaced),
            Job("deleted_files", self.removal.sweep),
        )


def compose_media(
    settings: Settings,
    *,
    storage: UploadStorage,
    owners: Mapping[FileKind, FileOwner],
    listener: Listener,
    page_tokens: PageTokens,
) -> MediaDomain:
    """Wires the domain; `owners` has an entry for every kind of file."""
    media = Media(
        storage=storage,
        rendition_urls=rendition_urls_from_settings(settings),
        quotas=UploadQuotas.from_settings(settings),
        owners=owners,
    )
    results = ProcessingResults(media=media, owners=owners)
    files = Files(media=media, results=results, page_tokens=page_tokens)
    removal = FileRemoval(storage=storage)
    return MediaDomain(
        media=media,
        results=results,
        removal=removal,
        sweep=Sweep(removal=removal),
        servicer=MediaServicer(
            media=media, files=files, results=results, file_watches=FileWatches(files=files, listener=listener)
        ),
    )


async def compose_reconciliation(
    settings: Settings,
    *,
    results: ProcessingResults,
    storage: UploadStorage,
    fix: bool,
    max_removals: int,
    events: UploadEvents | None = None,
) -> Reconciliation:
    """Wires the comparison of buckets and tables; raises QueuesNotFound and QueueUnavailable."""
    buckets = Buckets(settings.upload_bucket, settings.rendition_bucket)
    objects = S3Lister.from_settings(settings)
    if events is None:
        # A comparison without repairs needs no queue.
        url = (await list_queues(settings))[0].url if fix else ""
        events = QueuedUploadEvents(sqs_client(settings), queue_url=url)
    repairer = Repairer(
        buckets=buckets,
        results=results,
        storage=storage,
        objects=objects,
        events=events,
        max_removals=max_removals,
    )
    return Reconciliation(buckets=buckets, rows=RowReader(settings), objects=objects, repairer=repairer)
