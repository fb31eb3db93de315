"""Movies as JSON: basic in lists, full for a single movie."""

from __future__ import annotations

from rest_framework import serializers

from rival.models import Country, File, Genre, Movie, Person, Rendition, Stats

FULL_ONLY = ("tagline", "budget", "revenue", "production_companies", "production_countries", "spoken_languages")


class GenreSerializer(serializers.ModelSerializer):
    class Meta:
        model = Genre
        fields = ("id", "name")


class PersonSerializer(serializers.ModelSerializer):
    class Meta:
        model = Person
        fields = ("id", "first_name", "last_name")


class CountrySerializer(serializers.ModelSerializer):
    class Meta:
        model = Country
        fields = ("id", "name", "iso_3166_1")


class RenditionSerializer(serializers.ModelSerializer):
    class Meta:
        model = Rendition
        fields = ("format", "width", "height", "size_bytes", "url")


class ImageSerializer(serializers.ModelSerializer):
    renditions = RenditionSerializer(many=True)

    class Meta:
        model = File
        fields = ("file_id", "url", "width", "height", "thumbhash", "dominant_color", "renditions")


class RatingSerializer(serializers.ModelSerializer):
    class Meta:
        model = Stats
        fields = ("count", "average")


class BasicSerializer(serializers.ModelSerializer):
    description = serializers.CharField(source="beginning")
    director = PersonSerializer()
    country = CountrySerializer()
    genres = GenreSerializer(many=True)
    poster = ImageSerializer()
    backdrop = ImageSerializer()
    rating = RatingSerializer(default=None)

    class Meta:
        model = Movie
        fields = (
            *("id", "tmdb_id", "imdb_id", "title", "original_title", "description", "release_date", "duration"),
            *("director", "country", "genres", "poster", "backdrop", "poster_path", "backdrop_path", "vote_average"),
            *("vote_count", "popularity", "media_type", "status", "original_language", "rating", "etag"),
            *("create_time", "update_time"),
        )


class FullSerializer(BasicSerializer):
    description = serializers.CharField()

    class Meta(BasicSerializer.Meta):
        fields = (*BasicSerializer.Meta.fields, *FULL_ONLY)
