"""Conversions of genres and countries to messages and back."""

from __future__ import annotations

from typing import cast

from marquee.catalog.v1 import reference_pb2, references_pb2

from service.api.etags import etag_of
from service.api.protobuf import (
    FieldReaders,
    read_changes,
    read_fields,
    read_optional_text,
    read_optional_value,
    read_required_text,
    timestamp,
)
from service.catalog.models import Country, Genre
from service.catalog.references.service import CountryChanges, GenreChanges

GENRE_FIELDS: FieldReaders = {"name": read_required_text, "notes": read_optional_text, "tmdb_id": read_optional_value}
COUNTRY_FIELDS: FieldReaders = {"name": read_required_text, "iso_3166_1": read_optional_value}


def to_genre(genre: Genre) -> reference_pb2.Genre:
    """Returns the message of a genre whose `movie_count` is loaded."""
    return reference_pb2.Genre(
        id=genre.id,
        name=genre.name,
        notes=genre.notes or "",
        tmdb_id=genre.tmdb_id or 0,
        movie_count=genre.movie_count,
        etag=etag_of(genre),
        create_time=timestamp(genre.created_at),
        update_time=timestamp(genre.updated_at),
    )


def to_country(country: Country) -> reference_pb2.Country:
    """Returns the message of a country."""
    return reference_pb2.Country(
        id=country.id,
        name=country.name,
        iso_3166_1=country.iso_3166_1 or "",
        etag=etag_of(country),
        create_time=timestamp(country.created_at),
        update_time=timestamp(country.updated_at),
    )


def new_genre_from(request: references_pb2.CreateGenreRequest) -> GenreChanges:
    """Returns all fields of a new genre; raises FieldsInvalid, naming every invalid field."""
    return cast("GenreChanges", read_fields(request.genre, GENRE_FIELDS, GENRE_FIELDS))


def genre_changes_from(request: references_pb2.UpdateGenreRequest) -> GenreChanges:
    """Returns the fields to change; raises FieldsInvalid for an invalid mask and for every invalid field."""
    return cast("GenreChanges", read_changes(request.genre, request.update_mask, GENRE_FIELDS))


def new_country_from(request: references_pb2.CreateCountryRequest) -> CountryChanges:
    """Returns all fields of a new country; raises FieldsInvalid, naming every invalid field."""
    return cast("CountryChanges", read_fields(request.country, COUNTRY_FIELDS, COUNTRY_FIELDS))


def country_changes_from(request: references_pb2.UpdateCountryRequest) -> CountryChanges:
    """Returns the fields to change; raises FieldsInvalid for an invalid mask and for every invalid field."""
    return cast("CountryChanges", read_changes(request.country, request.update_mask, COUNTRY_FIELDS))
