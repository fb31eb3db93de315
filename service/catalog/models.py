"""Tables of the catalogue: countries, genres, people, movies, characters, and their relations."""

from __future__ import annotations

import enum
from typing import Any

from tortoise import Model, fields
from tortoise.fields.db_defaults import Now, SqlDefault

from service.database.orm import TimestampedModel


class Gender(enum.StrEnum):
    """Gender of a person, if known."""

    FEMALE = "female"
    MALE = "male"
    NON_BINARY = "non_binary"


class CharacterRole(enum.StrEnum):
    """Importance of a character."""

    LEADING = "leading"
    SUPPORTING = "supporting"
    BACKGROUND = "background"


class MovieStatus(enum.StrEnum):
    """Production status of a movie."""

    RUMORED = "rumored"
    PLANNED = "planned"
    IN_PRODUCTION = "in_production"
    POST_PRODUCTION = "post_production"
    RELEASED = "released"
    CANCELED = "canceled"


class MediaType(enum.StrEnum):
    """Kind of title."""

    MOVIE = "movie"
    TV = "tv"


class Country(TimestampedModel):
    """A country."""

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=100, unique=True)
    iso_3166_1 = fields.CharField(max_length=2, unique=True, null=True)
    row_version = fields.IntField(db_default=1)

    class Meta:
        """Table."""

        table = "countries"


class Genre(TimestampedModel):
    """A genre; its name is unique without regard to case."""

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=100)
    notes = fields.TextField(null=True)
    tmdb_id = fields.IntField(unique=True, null=True)
    row_version = fields.IntField(db_default=1)

    movie_count: int
    """Number of movies with this genre; only loaded by queries that ask for it."""

    class Meta:
        """Table."""

        table = "genres"


class Person(TimestampedModel):
    """A person who directed a movie or played in one.

    A trigger sets `primary_photo` from `PersonPhoto.is_primary`; never write it.
    """

    id = fields.IntField(primary_key=True)
    first_name = fields.CharField(max_length=150)
    last_name = fields.CharField(max_length=150, db_default="")
    biography = fields.TextField(null=True)
    date_of_birth = fields.DateField(null=True)
    gender: Any = fields.CharEnumField(Gender, max_length=12, null=True)
    country: Any = fields.ForeignKeyField(
        "marquee.Country", related_name="persons", on_delete=fields.RESTRICT, null=True
    )
    primary_photo: Any = fields.ForeignKeyField(
        "marquee.File", related_name="primary_photo_of", on_delete=fields.SET_NULL, null=True
    )
    tmdb_id = fields.IntField(unique=True, null=True)
    imdb_id = fields.CharField(max_length=12, unique=True, null=True)
    row_version = fields.IntField(db_default=1)

    country_id: int | None
    primary_photo_id: int | None

    class Meta:
        """Table."""

        table = "persons"
        indexes = (("last_name", "first_name", "id"),)


class PersonPhoto(TimestampedModel):
    """A photo of a person; at most one photo of a person is primary."""

    id = fields.IntField(primary_key=True)
    person: Any = fields.ForeignKeyField("marquee.Person", related_name="photos", on_delete=fields.CASCADE)
    file: Any = fields.ForeignKeyField("marquee.File", related_name="photo_of", on_delete=fields.CASCADE)
    is_primary = fields.BooleanField(db_default=False)

    file_id: int

    class Meta:
        """Table."""

        table = "person_photos"
        unique_together = (("person", "file"),)


class Movie(TimestampedModel):
    """A movie. `vote_*` and `popularity` are imported; ratings of Marquee's own users are in MovieStats."""

    id = fields.IntField(primary_key=True)
    tmdb_id = fields.IntField(unique=True, null=True)
    imdb_id = fields.CharField(max_length=12, unique=True, null=True)
    title = fields.CharField(max_length=500)
    original_title = fields.CharField(max_length=500, null=True)
    description = fields.TextField(db_default="")
    tagline = fields.TextField(db_default="")
    budget = fields.DecimalField(max_digits=21, decimal_places=2, null=True)
    revenue = fields.DecimalField(max_digits=21, decimal_places=2, null=True)
    release_date = fields.DateField(null=True)
    duration = fields.IntField(null=True)
    """Running time in minutes."""
    director: Any = fields.ForeignKeyField(
        "marquee.Person", related_name="directed", on_delete=fields.SET_NULL, null=True
    )
    country: Any = fields.ForeignKeyField(
        "marquee.Country", related_name="movies", on_delete=fields.RESTRICT, null=True
    )
    poster: Any = fields.ForeignKeyField("marquee.File", related_name="poster_of", on_delete=fields.SET_NULL, null=True)
    backdrop: Any = fields.ForeignKeyField(
        "marquee.File", related_name="backdrop_of", on_delete=fields.SET_NULL, null=True
    )
    poster_path = fields.CharField(max_length=255, null=True)
    backdrop_path = fields.CharField(max_length=255, null=True)
    vote_average = fields.FloatField(db_default=0.0)
    vote_count = fields.IntField(db_default=0)
    popularity = fields.FloatField(db_default=0.0)
    media_type = fields.CharEnumField(MediaType, max_length=10, db_default=MediaType.MOVIE)
    status: Any = fields.CharEnumField(MovieStatus, max_length=20, null=True)
    original_language = fields.CharField(max_length=10, null=True)
    production_companies: Any = fields.JSONField(db_default=SqlDefault("'[]'"))
    production_countries: Any = fields.JSONField(db_default=SqlDefault("'[]'"))
    spoken_languages: Any = fields.JSONField(db_default=SqlDefault("'[]'"))
    row_version = fields.BigIntField(db_default=1)
    """Version for etags; a trigger increases it at every change."""

    director_id: int | None
    country_id: int | None
    poster_id: int | None
    backdrop_id: int | None

    class Meta:
        """Table."""

        table = "movies"


class MovieStats(Model):
    """Aggregates of the ratings by Marquee's own users. Triggers maintain them here, so that movies stay unchanged."""

    movie: Any = fields.OneToOneField("marquee.Movie", related_name="stats", on_delete=fields.CASCADE, primary_key=True)
    rating_count = fields.IntField(db_default=0)
    rating_sum = fields.BigIntField(db_default=0)
    rating_1 = fields.IntField(db_default=0)
    rating_2 = fields.IntField(db_default=0)
    rating_3 = fields.IntField(db_default=0)
    rating_4 = fields.IntField(db_default=0)
    rating_5 = fields.IntField(db_default=0)

    class Meta:
        """Table."""

        table = "movie_stats"


class MovieGenre(TimestampedModel):
    """A genre of a movie."""

    id = fields.IntField(primary_key=True)
    movie: Any = fields.ForeignKeyField("marquee.Movie", related_name="movie_genres", on_delete=fields.CASCADE)
    genre: Any = fields.ForeignKeyField("marquee.Genre", related_name="movie_genres", on_delete=fields.RESTRICT)

    class Meta:
        """Table."""

        table = "movie_genres"
        unique_together = (("movie", "genre"),)
        indexes = (("genre", "movie"),)


class Character(TimestampedModel):
    """A character, independent of the movies it appears in."""

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=255)
    description = fields.TextField(null=True)
    role: Any = fields.CharEnumField(CharacterRole, max_length=12, null=True)
    row_version = fields.IntField(db_default=1)

    class Meta:
        """Table."""

        table = "characters"
        indexes = (("name", "id"),)


class MovieCharacter(TimestampedModel):
    """An appearance of a character in a movie, and the actor; its `role` overrides the role of the character."""

    id = fields.IntField(primary_key=True)
    movie: Any = fields.ForeignKeyField("marquee.Movie", related_name="cast", on_delete=fields.CASCADE)
    character: Any = fields.ForeignKeyField("marquee.Character", related_name="appearances", on_delete=fields.RESTRICT)
    person: Any = fields.ForeignKeyField("marquee.Person", related_name="parts", on_delete=fields.SET_NULL, null=True)
    role: Any = fields.CharEnumField(CharacterRole, max_length=12, null=True)
    billing_order = fields.IntField(db_default=0)
    row_version = fields.IntField(db_default=1)

    movie_id: int

    class Meta:
        """Table."""

        table = "movie_characters"


class CatalogChange(Model):
    """A change of a movie or person. The change feed orders changes by `xid`, a column that only the database has."""

    id = fields.BigIntField(primary_key=True)
    entity = fields.CharField(max_length=10)
    entity_id = fields.IntField()
    kind = fields.CharField(max_length=10)
    created_at = fields.DatetimeField(db_default=Now())

    class Meta:
        """Table."""

        table = "catalog_changes"
