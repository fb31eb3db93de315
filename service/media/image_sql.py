"""Images in the queries of other domains: one more column instead of two more queries."""

from __future__ import annotations

import json
from collections.abc import Callable

from service.media.enums import ImageFormat
from service.media.values import FileId, Image, Rendition


def image_sql(file_id: str) -> str:
    """Returns the SQL of a READY image as text for `read_image`; NULL if there is none.

    `file_id` is a column of the query. Renditions are sorted by width, then format.
    """
    return f"""
    (SELECT json_build_array(
        f.id, f.width, f.height, encode(f.thumbhash, 'hex'), f.dominant_color,
        (
            SELECT json_agg(
                json_build_array(r.format, r.width, r.height, r.size_bytes, r.key) ORDER BY r.width, r.format)
            FROM file_renditions AS r WHERE r.file_id = f.id
        ))::text
    FROM files AS f WHERE f.id = {file_id} AND f.state = 'ready')
    """  # noqa: S608 - a column name from our code


def read_image(text: str | None, *, url_of: Callable[[str], str]) -> Image | None:
    """Returns the image in a column of `image_sql`."""
    if text is None:
        return None
    file_id, width, height, thumbhash, dominant_color, renditions = json.loads(text)
    return Image(
        file_id=FileId(file_id),
        width=width or 0,
        height=height or 0,
        thumbhash=bytes.fromhex(thumbhash or ""),
        dominant_color=dominant_color,
        renditions=tuple(
            Rendition(ImageFormat(form), wide, high, size, url_of(key))
            for form, wide, high, size, key in renditions or ()
        ),
    )
