// Reads of the catalogue with grpc-js and pg: our contract, one prepared statement per rpc, one process per core.
"use strict";

const cluster = require("node:cluster");
const fs = require("node:fs");
const grpc = require("@grpc/grpc-js");
const protoLoader = require("@grpc/proto-loader");
const { Pool, types } = require("pg");

const { RIVAL_HOST, RIVAL_USER, RIVAL_DATABASE, RIVAL_POOL, RIVAL_PORT, RIVAL_PROCESSES, RIVAL_MEDIA_URL, RIVAL_PROTOSET } =
  process.env;
const BASIC_DESCRIPTION = 300;

const picture = (id) => `
  (SELECT json_build_object('file_id', f.id, 'width', f.width, 'height', f.height,
      'thumbhash', encode(f.thumbhash, 'base64'), 'dominant_color', f.dominant_color, 'renditions', (
        SELECT coalesce(json_agg(json_build_object('format', r.format, 'width', r.width, 'height', r.height,
            'size_bytes', r.size_bytes, 'key', r.key) ORDER BY r.width, r.format), '[]')
        FROM file_renditions AS r WHERE r.file_id = f.id))
   FROM files AS f WHERE f.id = ${id})`;
const related = `
  d.first_name, d.last_name, c.name AS country_name, c.iso_3166_1, s.rating_count, s.rating_sum,
  (SELECT json_agg(json_build_object('id', g.id, 'name', g.name) ORDER BY g.name)
     FROM movie_genres AS b JOIN genres AS g ON g.id = b.genre_id WHERE b.movie_id = m.id) AS genres,
  ${picture("m.poster_id")} AS poster, ${picture("m.backdrop_id")} AS backdrop`;
const basic = `m.id, m.tmdb_id, m.imdb_id, m.title, m.original_title, m.release_date, m.duration,
  m.director_id, m.country_id, m.poster_path, m.backdrop_path, m.vote_average, m.vote_count, m.popularity, m.media_type,
  m.status, m.original_language, m.row_version, m.created_at, m.updated_at`;
const full = `m.description, m.tagline, m.budget, m.revenue, m.production_companies, m.production_countries,
  m.spoken_languages`;
const joins = `LEFT JOIN persons AS d ON d.id = m.director_id LEFT JOIN countries AS c ON c.id = m.country_id
  LEFT JOIN movie_stats AS s ON s.movie_id = m.id`;
const GET = `SELECT ${basic}, ${full}, ${related} FROM movies AS m ${joins} WHERE m.id = $1`;
const LIST = `SELECT ${basic}, left(m.description, ${BASIC_DESCRIPTION}) AS description, ${related}
  FROM (SELECT movie_id, popularity FROM movie_genres WHERE genre_id = $1
        ORDER BY popularity DESC, movie_id DESC LIMIT $2) AS page
  JOIN movies AS m ON m.id = page.movie_id ${joins}
  ORDER BY page.popularity DESC, page.movie_id DESC`;

// Dates and times stay in PostgreSQL's text form, because a Date object would lose microseconds.
types.setTypeParser(types.builtins.DATE, (text) => {
  const [year, month, day] = text.split("-").map(Number);
  return { year, month, day };
});
types.setTypeParser(types.builtins.TIMESTAMPTZ, (text) => {
  const [whole, rest = "+00"] = text.split(".");
  const seconds = Math.floor(Date.parse(whole.slice(0, 19).replace(" ", "T") + "Z") / 1000);
  const fraction = rest.match(/^\d*/)[0];
  return { seconds, nanos: Number(fraction.padEnd(9, "0")) };
});

function toImage(image) {
  if (!image) return null;
  const renditions = image.renditions.map((one) => ({
    format: `IMAGE_FORMAT_${one.format.toUpperCase()}`,
    width: one.width,
    height: one.height,
    size_bytes: one.size_bytes,
    url: `${RIVAL_MEDIA_URL}/${one.key}`,
  }));
  const best = renditions.findLast((one) => one.format === "IMAGE_FORMAT_JPEG");
  const thumbhash = Buffer.from(image.thumbhash ?? "", "base64");
  return { ...image, thumbhash, renditions, url: best ? best.url : "" };
}

function toMovie(row) {
  const count = row.rating_count ?? 0;
  return {
    ...row,
    director: row.director_id && { id: row.director_id, first_name: row.first_name, last_name: row.last_name },
    country: row.country_id && { id: row.country_id, name: row.country_name, iso_3166_1: row.iso_3166_1 },
    genres: row.genres ?? [],
    genre_ids: (row.genres ?? []).map((genre) => genre.id),
    poster: toImage(row.poster),
    backdrop: toImage(row.backdrop),
    media_type: `MEDIA_TYPE_${row.media_type.toUpperCase()}`,
    status: row.status ? `MOVIE_STATUS_${row.status.toUpperCase()}` : 0,
    rating: { count, average: count ? Number(row.rating_sum) / count : 0 },
    etag: `${row.id}-${row.row_version}`,
    create_time: row.created_at,
    update_time: row.updated_at,
  };
}

function toFullMovie(row) {
  const movie = toMovie(row);
  movie.budget = row.budget && { value: row.budget };
  movie.revenue = row.revenue && { value: row.revenue };
  movie.production_companies = row.production_companies.map(({ id, name }) => ({ tmdb_id: id, name }));
  movie.production_countries = row.production_countries.map(({ iso_3166_1: code, name }) => ({ code, name }));
  movie.spoken_languages = row.spoken_languages.map(({ iso_639_1: code, name }) => ({ code, name }));
  return movie;
}

function answering(work) {
  return (call, callback) =>
    work(call.request).then(
      (answer) => callback(null, answer),
      (error) => callback(error.code ? error : { code: grpc.status.INTERNAL, message: "internal" }),
    );
}

function serve() {
  const pool = new Pool({
    host: RIVAL_HOST,
    user: RIVAL_USER,
    database: RIVAL_DATABASE,
    max: Number(RIVAL_POOL),
    options: "-c timezone=UTC",
  });
  const loaded = protoLoader.loadFileDescriptorSetFromBuffer(fs.readFileSync(RIVAL_PROTOSET), {
    keepCase: true,
    longs: Number,
    enums: String,
  });
  const { CatalogService } = grpc.loadPackageDefinition(loaded).marquee.catalog.v1;
  const server = new grpc.Server();
  server.addService(CatalogService.service, {
    GetMovie: answering(async ({ id }) => {
      const { rows } = await pool.query({ name: "get", text: GET, values: [id] });
      if (!rows.length) throw { code: grpc.status.NOT_FOUND, message: "no such movie" };
      return { movie: toFullMovie(rows[0]) };
    }),
    ListMovies: answering(async ({ genre_ids_any: [genre], page_size: size }) => {
      const { rows } = await pool.query({ name: "list", text: LIST, values: [genre, size || 20] });
      return { movies: rows.map(toMovie) };
    }),
  });
  server.bindAsync(`127.0.0.1:${RIVAL_PORT}`, grpc.ServerCredentials.createInsecure(), (error) => {
    if (error) throw error;
  });
}

if (cluster.isPrimary) {
  for (let number = 0; number < Number(RIVAL_PROCESSES); number += 1) cluster.fork();
} else {
  serve();
}
