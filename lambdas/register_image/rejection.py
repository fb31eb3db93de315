"""Rejection of an upload and its reasons."""

import enum

from lambdas.register_image.image_kinds import MAX_BYTES


class Reason(enum.StrEnum):
    """Reasons of a rejection: the names of the media service's RejectionReason without their prefix."""

    UNSUPPORTED_FORMAT = "UNSUPPORTED_FORMAT"
    CORRUPT = "CORRUPT"
    TOO_MANY_PIXELS = "TOO_MANY_PIXELS"
    TOO_LARGE = "TOO_LARGE"
    TOO_SMALL = "TOO_SMALL"
    CHECKSUM_MISMATCH = "CHECKSUM_MISMATCH"
    TOO_COMPLEX = "TOO_COMPLEX"
    TOO_MANY_FRAMES = "TOO_MANY_FRAMES"
    TIMEOUT = "TIMEOUT"


class Rejected(Exception):
    """The image cannot be used. `detail` is one sentence for its uploader."""

    def __init__(self, reason: Reason, detail: str) -> None:
        """Stores the reason and the sentence."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def file_too_large() -> Rejected:
    """Returns the rejection of a source that is larger than MAX_BYTES."""
    return Rejected(Reason.TOO_LARGE, f"The file is larger than {MAX_BYTES // (1024 * 1024)} MiB.")
