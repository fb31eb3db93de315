"""Renders one image with bare Pillow, each rendition from the full image; prints the seconds.

The baseline of a benchmark: a script that trusts its source, checks nothing and stores nothing. It uses the same sizes,
formats and qualities. `python benchmarks/bare_pillow.py FILE KIND`.
"""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path

from PIL import Image

from lambdas.register_image.image_kinds import FULL_SIDE, KINDS
from lambdas.register_image.render import rendition_sizes

_OPTIONS: dict[str, dict[str, object]] = {
    "AVIF": {"quality": 60, "speed": 8},
    "WEBP": {"quality": 78},
    "JPEG": {"quality": 82, "optimize": True, "progressive": True},
}


def main() -> None:
    """Prints the seconds for the file in the arguments."""
    data, kind = Path(sys.argv[1]).read_bytes(), KINDS[sys.argv[2]]
    started = time.perf_counter()
    with Image.open(io.BytesIO(data)) as source:
        sizes = rendition_sizes(*source.size, kind=kind)
        source.draft("RGB", (FULL_SIDE, FULL_SIDE))
        whole = source.convert("RGB")
    for size in sizes:
        image = whole.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
        for name, options in _OPTIONS.items():
            image.save(io.BytesIO(), name, **options)
    sys.stdout.write(f"{time.perf_counter() - started}\n")


if __name__ == "__main__":
    main()
