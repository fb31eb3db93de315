"""The columns that the reads need."""

from __future__ import annotations

import base64
import os
from typing import ClassVar

from django.db import models

MEDIA_URL = os.environ["RIVAL_MEDIA_URL"]
BASIC_DESCRIPTION = 300


class Table(models.Model):
    """A read-only table."""

    class Meta:
        abstract = True
        managed = False


class Genre(Table):
    name = models.TextField()

    class Meta(Table.Meta):
        db_table = "genres"


class Person(Table):
    first_name = models.TextField()
    last_name = models.TextField()

    class Meta(Table.Meta):
        db_table = "persons"


class Country(Table):
    name = models.TextField()
    iso_3166_1 = models.TextField(null=True)

    class Meta(Table.Meta):
        db_table = "countries"


class File(Table):
    file_id = models.IntegerField(primary_key=True, db_column="id")
    width = models.IntegerField()
    height = models.IntegerField()
    raw_thumbhash = models.BinaryField(null=True, db_column="thumbhash")
    dominant_color = models.TextField()

    class Meta(Table.Meta):
        db_table = "files"

    @property
    def thumbhash(self) -> str:
        return base64.b64encode(self.raw_thumbhash or b"").decode()

    @property
    def url(self) -> str:
        return next((one.url for one in reversed(self.renditions.all()) if one.format == "jpeg"), "")


class Rendition(Table):
    file = models.ForeignKey(File, models.CASCADE, related_name="renditions")
    format = models.TextField()
    width = models.IntegerField()
    height = models.IntegerField()
    size_bytes = models.BigIntegerField()
    key = models.TextField()

    class Meta(Table.Meta):
        db_table = "file_renditions"
        ordering: ClassVar = ["width", "format"]

    @property
    def url(self) -> str:
        return f"{MEDIA_URL}/{self.key}"


class Movie(Table):
    tmdb_id = models.IntegerField(null=True)
    imdb_id = models.TextField(null=True)
    title = models.TextField()
    original_title = models.TextField(null=True)
    description = models.TextField()
    tagline = models.TextField()
    budget = models.DecimalField(null=True, max_digits=21, decimal_places=2)
    revenue = models.DecimalField(null=True, max_digits=21, decimal_places=2)
    release_date = models.DateField(null=True)
    duration = models.IntegerField(null=True)
    director = models.ForeignKey(Person, models.CASCADE, null=True)
    country = models.ForeignKey(Country, models.CASCADE, null=True)
    poster = models.ForeignKey(File, models.CASCADE, null=True, related_name="+")
    backdrop = models.ForeignKey(File, models.CASCADE, null=True, related_name="+")
    poster_path = models.TextField(null=True)
    backdrop_path = models.TextField(null=True)
    vote_average = models.FloatField()
    vote_count = models.IntegerField()
    popularity = models.FloatField()
    media_type = models.TextField()
    status = models.TextField(null=True)
    original_language = models.TextField(null=True)
    production_companies = models.JSONField()
    production_countries = models.JSONField()
    spoken_languages = models.JSONField()
    row_version = models.BigIntegerField()
    create_time = models.DateTimeField(db_column="created_at")
    update_time = models.DateTimeField(db_column="updated_at")
    genres = models.ManyToManyField(Genre, through="MovieGenre")

    class Meta(Table.Meta):
        db_table = "movies"

    @property
    def etag(self) -> str:
        return f"{self.id}-{self.row_version}"

    @property
    def beginning(self) -> str:
        return self.description[:BASIC_DESCRIPTION]


class MovieGenre(Table):
    movie = models.ForeignKey(Movie, models.CASCADE, related_name="belongings")
    genre = models.ForeignKey(Genre, models.CASCADE)
    popularity = models.FloatField()

    class Meta(Table.Meta):
        db_table = "movie_genres"


class Stats(Table):
    movie = models.OneToOneField(Movie, models.CASCADE, primary_key=True, related_name="rating")
    count = models.IntegerField(db_column="rating_count")
    total = models.BigIntegerField(db_column="rating_sum")

    class Meta(Table.Meta):
        db_table = "movie_stats"

    @property
    def average(self) -> float:
        return self.total / self.count if self.count else 0.0
