-- Times and versions of rows, and the audit log that nobody changes. They hold for every writer, also for plain SQL.

-- ---------- updated_at ----------

CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END $$;

-- A sign-in does not change the account.
CREATE TRIGGER tr_users_touch BEFORE UPDATE ON users
    FOR EACH ROW WHEN (NEW.last_login_at IS NOT DISTINCT FROM OLD.last_login_at) EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER tr_user_profiles_touch BEFORE UPDATE ON user_profiles
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TRIGGER tr_countries_touch BEFORE UPDATE ON countries
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER tr_genres_touch BEFORE UPDATE ON genres
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER tr_persons_touch BEFORE UPDATE ON persons
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER tr_person_photos_touch BEFORE UPDATE ON person_photos
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER tr_movies_touch BEFORE UPDATE ON movies
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER tr_movie_genres_touch BEFORE UPDATE ON movie_genres
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER tr_characters_touch BEFORE UPDATE ON characters
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER tr_movie_characters_touch BEFORE UPDATE ON movie_characters
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TRIGGER tr_files_touch BEFORE UPDATE ON files
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER tr_file_renditions_touch BEFORE UPDATE ON file_renditions
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TRIGGER tr_favorite_movies_touch BEFORE UPDATE ON favorite_movies
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER tr_watchlist_items_touch BEFORE UPDATE ON watchlist_items
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER tr_movie_ratings_touch BEFORE UPDATE ON movie_ratings
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER tr_recommendation_models_touch BEFORE UPDATE ON recommendation_models
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- ---------- row_version, from which etags are made ----------

CREATE FUNCTION bump_row_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.row_version := OLD.row_version + 1;
    RETURN NEW;
END $$;

CREATE TRIGGER tr_users_version BEFORE UPDATE ON users
    FOR EACH ROW WHEN (NEW.last_login_at IS NOT DISTINCT FROM OLD.last_login_at) EXECUTE FUNCTION bump_row_version();
CREATE TRIGGER tr_countries_version BEFORE UPDATE ON countries
    FOR EACH ROW EXECUTE FUNCTION bump_row_version();
CREATE TRIGGER tr_genres_version BEFORE UPDATE ON genres
    FOR EACH ROW EXECUTE FUNCTION bump_row_version();
CREATE TRIGGER tr_persons_version BEFORE UPDATE ON persons
    FOR EACH ROW EXECUTE FUNCTION bump_row_version();
CREATE TRIGGER tr_movies_version BEFORE UPDATE ON movies
    FOR EACH ROW EXECUTE FUNCTION bump_row_version();
CREATE TRIGGER tr_characters_version BEFORE UPDATE ON characters
    FOR EACH ROW EXECUTE FUNCTION bump_row_version();
CREATE TRIGGER tr_movie_characters_version BEFORE UPDATE ON movie_characters
    FOR EACH ROW EXECUTE FUNCTION bump_row_version();
CREATE TRIGGER tr_movie_ratings_version BEFORE UPDATE ON movie_ratings
    FOR EACH ROW EXECUTE FUNCTION bump_row_version();

-- ---------- append-only audit log ----------

CREATE FUNCTION reject_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER tr_audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION reject_rewriting();
CREATE TRIGGER tr_audit_log_no_truncate BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION reject_rewriting();
