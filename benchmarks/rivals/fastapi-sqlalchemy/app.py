"""Reads of the catalogue with FastAPI, SQLAlchemy's asyncio ORM and asyncpg.

Written like its documentation: response models from ORM objects, related rows in a fixed number of queries, a pool,
statements that asyncpg prepares once, and no transaction for reads.
"""

from __future__ import annotations

import base64
import os
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ForeignKey, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, defer, joinedload, mapped_column, relationship, selectinload

MEDIA_URL = os.environ["RIVAL_MEDIA_URL"]
BASIC_DESCRIPTION = 300
engine = create_async_engine(
    f"postgresql+asyncpg://{os.environ['RIVAL_USER']}@/{os.environ['RIVAL_DATABASE']}?host={os.environ['RIVAL_HOST']}",
    pool_size=int(os.environ["RIVAL_POOL"]),
    max_overflow=0,
    isolation_level="AUTOCOMMIT",
    pool_reset_on_return=None,
)
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI(openapi_url=None)


class Base(DeclarativeBase):
    """The columns that the reads need."""


class Genre(Base):
    __tablename__ = "genres"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class MovieGenre(Base):
    __tablename__ = "movie_genres"
    id: Mapped[int] = mapped_column(primary_key=True)
    movie_id: Mapped[int] = mapped_column(ForeignKey("movies.id"))
    genre_id: Mapped[int] = mapped_column(ForeignKey("genres.id"))
    popularity: Mapped[float]


class Person(Base):
    __tablename__ = "persons"
    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str]


class Country(Base):
    __tablename__ = "countries"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    iso_3166_1: Mapped[str | None]


class Rendition(Base):
    __tablename__ = "file_renditions"
    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("files.id"))
    format: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    size_bytes: Mapped[int]
    key: Mapped[str]

    @property
    def url(self) -> str:
        return f"{MEDIA_URL}/{self.key}"


class File(Base):
    __tablename__ = "files"
    file_id: Mapped[int] = mapped_column("id", primary_key=True)
    width: Mapped[int]
    height: Mapped[int]
    raw_thumbhash: Mapped[bytes | None] = mapped_column("thumbhash")
    dominant_color: Mapped[str]
    renditions: Mapped[list[Rendition]] = relationship(order_by=(Rendition.width, Rendition.format))

    @property
    def thumbhash(self) -> str:
        return base64.b64encode(self.raw_thumbhash or b"").decode()

    @property
    def url(self) -> str:
        return next((one.url for one in reversed(self.renditions) if one.format == "jpeg"), "")


class Stats(Base):
    __tablename__ = "movie_stats"
    movie_id: Mapped[int] = mapped_column(ForeignKey("movies.id"), primary_key=True)
    count: Mapped[int] = mapped_column("rating_count")
    total: Mapped[int] = mapped_column("rating_sum")

    @property
    def average(self) -> float:
        return self.total / self.count if self.count else 0.0


class Movie(Base):
    __tablename__ = "movies"
    id: Mapped[int] = mapped_column(primary_key=True)
    tmdb_id: Mapped[int | None]
    imdb_id: Mapped[str | None]
    title: Mapped[str]
    original_title: Mapped[str | None]
    description: Mapped[str]
    tagline: Mapped[str]
    budget: Mapped[Decimal | None]
    revenue: Mapped[Decimal | None]
    release_date: Mapped[date | None]
    duration: Mapped[int | None]
    director_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    country_id: Mapped[int | None] = mapped_column(ForeignKey("countries.id"))
    poster_id: Mapped[int | None] = mapped_column(ForeignKey("files.id"))
    backdrop_id: Mapped[int | None] = mapped_column(ForeignKey("files.id"))
    poster_path: Mapped[str | None]
    backdrop_path: Mapped[str | None]
    vote_average: Mapped[float]
    vote_count: Mapped[int]
    popularity: Mapped[float]
    media_type: Mapped[str]
    status: Mapped[str | None]
    original_language: Mapped[str | None]
    production_companies: Mapped[Any] = mapped_column(JSONB)
    production_countries: Mapped[Any] = mapped_column(JSONB)
    spoken_languages: Mapped[Any] = mapped_column(JSONB)
    row_version: Mapped[int]
    create_time: Mapped[datetime] = mapped_column("created_at")
    update_time: Mapped[datetime] = mapped_column("updated_at")
    director: Mapped[Person | None] = relationship()
    country: Mapped[Country | None] = relationship()
    rating: Mapped[Stats | None] = relationship()
    genres: Mapped[list[Genre]] = relationship(secondary="movie_genres", order_by=Genre.name)
    poster: Mapped[File | None] = relationship(foreign_keys=poster_id)
    backdrop: Mapped[File | None] = relationship(foreign_keys=backdrop_id)

    @property
    def etag(self) -> str:
        return f"{self.id}-{self.row_version}"

    @property
    def beginning(self) -> str:
        return self.description[:BASIC_DESCRIPTION]


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class GenreOut(Out):
    id: int
    name: str


class PersonOut(Out):
    id: int
    first_name: str
    last_name: str


class CountryOut(Out):
    id: int
    name: str
    iso_3166_1: str | None


class RenditionOut(Out):
    format: str
    width: int
    height: int
    size_bytes: int
    url: str


class ImageOut(Out):
    file_id: int
    url: str
    width: int
    height: int
    thumbhash: str
    dominant_color: str
    renditions: list[RenditionOut]


class RatingOut(Out):
    count: int
    average: float


class MovieFields(Out):
    id: int
    tmdb_id: int | None
    imdb_id: str | None
    title: str
    original_title: str | None
    release_date: date | None
    duration: int | None
    director: PersonOut | None
    country: CountryOut | None
    genres: list[GenreOut]
    poster: ImageOut | None
    backdrop: ImageOut | None
    poster_path: str | None
    backdrop_path: str | None
    vote_average: float
    vote_count: int
    popularity: float
    media_type: str
    status: str | None
    original_language: str | None
    rating: RatingOut | None
    etag: str
    create_time: datetime
    update_time: datetime


class MovieBasic(MovieFields):
    description: str = Field(validation_alias="beginning")


class MovieFull(MovieFields):
    description: str
    tagline: str
    budget: Decimal | None
    revenue: Decimal | None
    production_companies: list[dict[str, Any]]
    production_countries: list[dict[str, Any]]
    spoken_languages: list[dict[str, Any]]


class MoviePage(Out):
    movies: list[MovieBasic]


FULL_ONLY = ("tagline", "budget", "revenue", "production_companies", "production_countries", "spoken_languages")
RELATED = (
    joinedload(Movie.director),
    joinedload(Movie.country),
    joinedload(Movie.rating),
    selectinload(Movie.genres),
    joinedload(Movie.poster).selectinload(File.renditions),
    joinedload(Movie.backdrop).selectinload(File.renditions),
)
BASIC_ONLY = [defer(getattr(Movie, name)) for name in FULL_ONLY]


async def session() -> Any:
    async with sessions() as opened:
        yield opened


Session = Annotated[AsyncSession, Depends(session)]


@app.get("/movies/{movie_id}", response_model=MovieFull)
async def get_movie(movie_id: int, database: Session) -> Movie:
    movie = await database.scalar(select(Movie).where(Movie.id == movie_id).options(*RELATED))
    if movie is None:
        raise HTTPException(404)
    return movie


@app.get("/movies", response_model=MoviePage)
async def list_movies(genre_id: int, database: Session, page_size: int = 20) -> dict[str, Any]:
    statement = (
        select(Movie)
        .join(MovieGenre, MovieGenre.movie_id == Movie.id)
        .where(MovieGenre.genre_id == genre_id)
        .order_by(MovieGenre.popularity.desc(), MovieGenre.movie_id.desc())
        .limit(page_size)
        .options(*RELATED, *BASIC_ONLY)
    )
    return {"movies": (await database.scalars(statement)).all()}
