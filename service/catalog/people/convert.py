"""Conversions of people, their photos and credits to messages and back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, cast

from marquee.catalog.v1 import movie_pb2, people_pb2, person_pb2

from service.api.protobuf import (
    FieldReaders,
    from_date,
    path_of,
    read_changes,
    read_fields,
    read_optional_text,
    read_optional_value,
    read_required_text,
    read_text,
    timestamp,
    to_date,
)
from service.catalog.cast.convert import to_appearance
from service.catalog.models import Gender
from service.catalog.people.credits import Credit
from service.catalog.people.listing import PersonFilter
from service.catalog.people.photos import Photo
from service.catalog.people.service import PersonChanges, PersonDetail
from service.errors import invalid_field
from service.media.convert import to_image

GENDER_PREFIX = "GENDER_"


def to_person(detail: PersonDetail) -> person_pb2.Person:
    """Returns the message of a person."""
    person = detail.person
    country = person.country
    return person_pb2.Person(
        id=person.id,
        first_name=person.first_name,
        last_name=person.last_name,
        biography=person.biography or "",
        date_of_birth=to_date(person.date_of_birth) if person.date_of_birth else None,
        gender=person_pb2.Gender.Value(f"{GENDER_PREFIX}{person.gender.name if person.gender else 'UNSPECIFIED'}"),
        country_id=person.country_id or 0,
        country=movie_pb2.CountrySummary(id=country.id, name=country.name, iso_3166_1=country.iso_3166_1 or "")
        if country
        else None,
        primary_photo=to_image(detail.primary_photo) if detail.primary_photo else None,
        tmdb_id=person.tmdb_id or 0,
        imdb_id=person.imdb_id or "",
        etag=detail.etag,
        create_time=timestamp(person.created_at),
        update_time=timestamp(person.updated_at),
    )


def to_photo(photo: Photo) -> person_pb2.PersonPhoto:
    """Returns the message of a photo."""
    return person_pb2.PersonPhoto(
        file_id=photo.file_id,
        image=to_image(photo.image) if photo.image else None,
        is_primary=photo.is_primary,
        create_time=timestamp(photo.created_at),
    )


def to_credit(credit: Credit) -> person_pb2.PersonCredit:
    """Returns the message of a credit."""
    message = person_pb2.PersonCredit(
        movie=person_pb2.CreditedMovie(
            id=credit.movie_id,
            title=credit.title,
            release_date=to_date(credit.release_date) if credit.release_date else None,
            poster=to_image(credit.poster) if credit.poster else None,
        )
    )
    if credit.appearance is None:
        message.is_director = True
    else:
        message.appearance.CopyFrom(to_appearance(credit.appearance))
    return message


def person_filter_from(request: people_pb2.ListPersonsRequest) -> PersonFilter:
    """Returns the filter of a request."""
    return PersonFilter(
        country_id=request.country_id or None,
        gender=_gender(request, "gender"),
        has_photo=request.has_photo if request.HasField("has_photo") else None,
    )


def new_person_from(request: people_pb2.CreatePersonRequest) -> PersonChanges:
    """Returns all fields of a new person; raises FieldsInvalid, naming every invalid field."""
    return cast("PersonChanges", read_fields(request.person, PERSON_FIELDS, PERSON_FIELDS))


def person_changes_from(request: people_pb2.UpdatePersonRequest) -> PersonChanges:
    """Returns the fields to change; raises FieldsInvalid for an invalid mask and for every invalid field."""
    return cast("PersonChanges", read_changes(request.person, request.update_mask, PERSON_FIELDS))


def _gender(message: Any, _name: str) -> Gender | None:
    if message.gender == person_pb2.GENDER_UNSPECIFIED:
        return None
    return Gender[person_pb2.Gender.Name(message.gender).removeprefix(GENDER_PREFIX)]


def _date_of_birth(message: Any, name: str) -> date | None:
    if not message.HasField(name):
        return None
    field = path_of(message, name)
    born = from_date(message.date_of_birth, field=field)
    if born >= datetime.now(UTC).date():
        raise invalid_field(field, "date.past", "must be in the past")
    return born


PERSON_FIELDS: FieldReaders = {
    "first_name": read_required_text,
    "last_name": read_text,
    "biography": read_optional_text,
    "date_of_birth": _date_of_birth,
    "gender": _gender,
    "country_id": read_optional_value,
    "tmdb_id": read_optional_value,
    "imdb_id": read_optional_value,
}
