"""What can go wrong with the catalogue."""

from __future__ import annotations

from collections.abc import Iterable

from service.errors import FieldViolation, InvalidArgument, NotFound, Resource


class MovieNotFound(NotFound):
    """No such movie; `name` is the id it was asked by, such as `603` or `tmdb_id=603`."""

    def __init__(self, name: object) -> None:
        super().__init__(f"no movie {name}", resource=Resource("marquee.catalog.v1.Movie", str(name)))


class PersonNotFound(NotFound):
    """No such person."""

    def __init__(self, name: object) -> None:
        super().__init__(f"no person {name}", resource=Resource("marquee.catalog.v1.Person", str(name)))


class OrderByInvalid(InvalidArgument):
    """The order is none of the published ones."""

    def __init__(self, keys: Iterable[str]) -> None:
        description = "must be one of " + ", ".join(sorted(keys)) + ", each with or without ' desc' after it"
        super().__init__(
            f"order_by: {description}",
            violations=[FieldViolation("order_by", "order_by.published", description)],
        )
