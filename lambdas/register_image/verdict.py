"""Why an upload is refused."""

import enum

from lambdas.register_image.kinds import MAX_BYTES


class Reason(enum.StrEnum):
    """Why a picture is refused: the names of the media service's RejectionReason, without its prefix."""

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
    """The picture cannot be used. `detail` is one sentence for its uploader to read."""

    def __init__(self, reason: Reason, detail: str) -> None:
        """Keeps the reason and the sentence."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def too_large() -> Rejected:
    """Returns the verdict on a source of more than MAX_BYTES."""
    return Rejected(Reason.TOO_LARGE, f"The file is larger than {MAX_BYTES // (1024 * 1024)} MiB.")
