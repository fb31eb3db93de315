"""Views. Related rows come from joins and prefetches, in a fixed number of queries."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.urls import path
from rest_framework import generics
from rest_framework.response import Response

from rival.models import Genre, Movie
from rival.serializers import FULL_ONLY, BasicSerializer, FullSerializer


def movies() -> QuerySet[Movie]:
    return Movie.objects.select_related("director", "country", "poster", "backdrop", "rating").prefetch_related(
        Prefetch("genres", Genre.objects.order_by("name")), "poster__renditions", "backdrop__renditions"
    )


class GetMovie(generics.RetrieveAPIView):
    queryset = movies()
    serializer_class = FullSerializer


class ListMovies(generics.GenericAPIView):
    serializer_class = BasicSerializer

    def get(self, request: HttpRequest) -> Response:
        page = (
            movies()
            .filter(belongings__genre_id=int(request.GET["genre_id"]))
            .order_by("-belongings__popularity", "-belongings__movie_id")
            .defer(*FULL_ONLY)[: int(request.GET.get("page_size", "20"))]
        )
        return Response({"movies": self.get_serializer(page, many=True).data})


urlpatterns = [path("movies/<int:pk>", GetMovie.as_view()), path("movies", ListMovies.as_view())]
