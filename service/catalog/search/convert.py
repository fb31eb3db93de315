"""Messages of search results."""

from __future__ import annotations

from marquee.catalog.v1 import search_pb2

from service.api.protobuf import serialize_with
from service.catalog.people.convert import to_person
from service.catalog.search.service import Highlight, MatchedField, MovieMatch, PersonMatch, TitleSuggestion

_FIELDS = {
    MatchedField.TITLE: search_pb2.MATCHED_FIELD_TITLE,
    MatchedField.ORIGINAL_TITLE: search_pb2.MATCHED_FIELD_ORIGINAL_TITLE,
    MatchedField.PERSON: search_pb2.MATCHED_FIELD_PERSON,
}


def to_movie_match(match: MovieMatch, movie: bytes) -> bytes:
    """Returns the serialized message of a matching movie."""
    message = search_pb2.MovieMatch(
        score=match.score, matched_field=_FIELDS[match.field], highlight=_highlight(match.highlight)
    )
    return serialize_with(message, "movie", [movie])


def to_person_match(match: PersonMatch) -> search_pb2.PersonMatch:
    """Returns the message of a matching person."""
    return search_pb2.PersonMatch(
        person=to_person(match.detail), score=match.score, highlight=_highlight(match.highlight)
    )


def to_suggestion(suggestion: TitleSuggestion) -> search_pb2.TitleSuggestion:
    """Returns the message of a suggested title."""
    return search_pb2.TitleSuggestion(
        movie_id=suggestion.movie_id, title=_highlight(suggestion.title), year=suggestion.year
    )


def _highlight(highlight: Highlight) -> search_pb2.Highlight:
    spans = [search_pb2.Span(start=span.start, length=span.length) for span in highlight.spans]
    return search_pb2.Highlight(text=highlight.text, spans=spans)
