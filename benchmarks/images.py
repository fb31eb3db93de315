"""Speed of the image function with an image of 24 megapixels, compared with bare Pillow and the same renditions."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from PIL import Image

from benchmarks.figure import Figure, MeasurementFailed, RunOptions, alternate
from tests.processes import ROOT

KIND = "poster"
SIZE = (4000, 6000)
REPEATS = 5
FUNCTION = """
import sys, time
from pathlib import Path
from lambdas.register_image.image_kinds import KINDS
from lambdas.register_image.render import dominant_color, render
from lambdas.register_image.thumbhash import thumbhash
from lambdas.register_image.verify import verify
data, kind = Path(sys.argv[1]).read_bytes(), KINDS[sys.argv[2]]
started = time.perf_counter()
verified = verify(data, kind=kind)
thumbhash(verified.pixels), dominant_color(verified.pixels)
assert sum(1 for _ in render(verified, kind=kind))
print(time.perf_counter() - started)
"""


def measure(options: RunOptions) -> Iterator[Figure]:
    """Measures both in new processes, without the imports."""
    with tempfile.TemporaryDirectory(prefix="marquee-benchmarks-") as folder:
        source = Path(folder) / "source.jpg"
        _photograph().save(source, "JPEG", quality=90)
        function = partial(_seconds, ["-c", FUNCTION, str(source), KIND])
        bare = partial(_seconds, ["-m", "benchmarks.bare_pillow", str(source), KIND])
        pairs = alternate(function, bare, repeats=options.repeats(REPEATS))
    remark = "the function checks source and renditions, too, and encodes two formats at once"
    yield Figure("24 megapixels: the image function / bare Pillow", pairs, "s", goal="1.3", remark=remark)


def _photograph() -> Image.Image:
    """Returns a picture with the soft edges and the grain of a photograph."""
    planes = [Image.effect_noise((SIZE[0] // 16, SIZE[1] // 16), 70).resize(SIZE, Image.Resampling.BICUBIC)]
    planes += [planes[0].transpose(Image.Transpose.ROTATE_180), planes[0].transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    grain = Image.effect_noise(SIZE, 20)
    return Image.merge("RGB", [Image.blend(plane, grain, 0.2) for plane in planes])


def _seconds(arguments: Sequence[str]) -> float:
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MeasurementFailed(done.stderr)
    return float(done.stdout)
