-- Files: the states they go through, the notifications about them, and the files that no owner uses any more.

-- ---------- owners ----------

-- A person uses a file as a photo; the primary photo is one of these.
CREATE FUNCTION file_in_use(wanted int) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM users WHERE avatar_id = wanted)
        OR EXISTS (SELECT FROM movies WHERE poster_id = wanted)
        OR EXISTS (SELECT FROM movies WHERE backdrop_id = wanted)
        OR EXISTS (SELECT FROM person_photos WHERE file_id = wanted)
        OR EXISTS (SELECT FROM persons WHERE primary_photo_id = wanted)
$$;

-- ---------- states ----------

CREATE FUNCTION reject_file_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a file does not become % from %', NEW.state, coalesce(OLD.state, 'nothing')
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_files_transition', TABLE = 'files';
END $$;

-- These triggers run after the row is written, so that a violated CHECK is reported first.
CREATE TRIGGER tr_files_begin AFTER INSERT ON files
    FOR EACH ROW WHEN (NEW.state <> 'pending') EXECUTE FUNCTION reject_file_state();
-- A processing result may arrive before the event that processing began, and after the upload form has expired.
CREATE TRIGGER tr_files_transition AFTER UPDATE OF state ON files
    FOR EACH ROW WHEN (NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
        ('pending', 'processing'), ('pending', 'ready'), ('pending', 'rejected'), ('pending', 'expired'),
        ('pending', 'deleted'),
        ('processing', 'ready'), ('processing', 'rejected'), ('processing', 'expired'), ('processing', 'deleted'),
        ('ready', 'rejected'), ('ready', 'deleted'),
        ('rejected', 'processing'), ('rejected', 'ready'), ('rejected', 'deleted'),
        ('expired', 'processing'), ('expired', 'ready'), ('expired', 'rejected'), ('expired', 'deleted')
    ))
    EXECUTE FUNCTION reject_file_state();

-- A file in use is never DELETED. Checked at the end of the transaction, which may delete the file first and remove it
-- from its owners afterwards.
CREATE FUNCTION reject_deleted_in_use() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF file_in_use(NEW.id) AND EXISTS (SELECT FROM files WHERE id = NEW.id AND state = 'deleted') THEN
        RAISE EXCEPTION 'file % is in use', NEW.id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'ck_files_deleted_unused', TABLE = 'files';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER tr_files_deleted_unused AFTER UPDATE OF state ON files DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.state = 'deleted' AND OLD.state <> 'deleted') EXECUTE FUNCTION reject_deleted_in_use();

-- ---------- notifications ----------

CREATE FUNCTION notify_file_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('marquee_files', OLD.id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER tr_files_announce AFTER UPDATE OF state ON files
    FOR EACH ROW WHEN (NEW.state <> OLD.state) EXECUTE FUNCTION notify_file_state();
CREATE TRIGGER tr_files_announce_delete AFTER DELETE ON files
    FOR EACH ROW WHEN (OLD.state <> 'deleted') EXECUTE FUNCTION notify_file_state();

-- ---------- new versions of owners ----------

-- A changed image changes the reply of each owner, so the owner gets a new version and an entry in the change feed.
CREATE FUNCTION touch_image_owners(changed int[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    shown_by int[];
BEGIN
    shown_by := array(
        SELECT id FROM movies WHERE poster_id = ANY (changed)
        UNION SELECT id FROM movies WHERE backdrop_id = ANY (changed)
        ORDER BY 1
    );
    IF shown_by <> '{}' THEN
        UPDATE movies SET updated_at = now() WHERE id = ANY (shown_by);
        PERFORM record_changes('movie', 'updated', shown_by);
    END IF;
    shown_by := array(SELECT DISTINCT person_id FROM person_photos WHERE file_id = ANY (changed) ORDER BY 1);
    IF shown_by <> '{}' THEN
        UPDATE persons SET updated_at = now() WHERE id = ANY (shown_by);
        PERFORM record_changes('person', 'updated', shown_by);
    END IF;
    UPDATE users SET updated_at = now() WHERE avatar_id = ANY (changed);
END $$;

-- A DELETED file is removed from its owners, which already changes them.
CREATE FUNCTION record_image_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM touch_image_owners(ARRAY[NEW.id]);
    RETURN NULL;
END $$;
CREATE TRIGGER tr_files_note AFTER UPDATE ON files
    FOR EACH ROW WHEN (
        NEW.state <> 'deleted' AND (OLD.state = 'ready' OR NEW.state = 'ready')
        AND (OLD.state, OLD.width, OLD.height, OLD.sha256, OLD.thumbhash, OLD.dominant_color)
            IS DISTINCT FROM (NEW.state, NEW.width, NEW.height, NEW.sha256, NEW.thumbhash, NEW.dominant_color)
    ) EXECUTE FUNCTION record_image_change();

CREATE FUNCTION record_rendition_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed int[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        changed := array(SELECT DISTINCT file_id FROM removed);
    ELSE
        changed := array(SELECT DISTINCT file_id FROM added);
    END IF;
    changed := array(SELECT id FROM files WHERE id = ANY (changed) AND state = 'ready');
    IF changed <> '{}' THEN
        PERFORM touch_image_owners(changed);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_file_renditions_note_insert AFTER INSERT ON file_renditions
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION record_rendition_changes();
CREATE TRIGGER tr_file_renditions_note_update AFTER UPDATE ON file_renditions
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION record_rendition_changes();
CREATE TRIGGER tr_file_renditions_note_delete AFTER DELETE ON file_renditions
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION record_rendition_changes();

-- ---------- files without an owner ----------

-- Housekeeping checks a file again when its owner stops using it, and when it becomes READY: its owner may be gone.
-- The argument names the column that holds the id of the file.
CREATE FUNCTION release_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO released_files (file_id) VALUES ((to_jsonb(OLD) ->> TG_ARGV[0])::int)
    ON CONFLICT (file_id) DO UPDATE SET released_at = now();
    RETURN NULL;
END $$;
CREATE TRIGGER tr_files_release AFTER UPDATE OF state ON files
    FOR EACH ROW WHEN (NEW.state = 'ready' AND OLD.state <> 'ready') EXECUTE FUNCTION release_file('id');

CREATE TRIGGER tr_users_release_avatar_id AFTER UPDATE OF avatar_id ON users
    FOR EACH ROW WHEN (OLD.avatar_id IS NOT NULL AND OLD.avatar_id IS DISTINCT FROM NEW.avatar_id)
    EXECUTE FUNCTION release_file('avatar_id');
CREATE TRIGGER tr_users_drop_avatar_id AFTER DELETE ON users
    FOR EACH ROW WHEN (OLD.avatar_id IS NOT NULL) EXECUTE FUNCTION release_file('avatar_id');

CREATE TRIGGER tr_movies_release_poster_id AFTER UPDATE OF poster_id ON movies
    FOR EACH ROW WHEN (OLD.poster_id IS NOT NULL AND OLD.poster_id IS DISTINCT FROM NEW.poster_id)
    EXECUTE FUNCTION release_file('poster_id');
CREATE TRIGGER tr_movies_drop_poster_id AFTER DELETE ON movies
    FOR EACH ROW WHEN (OLD.poster_id IS NOT NULL) EXECUTE FUNCTION release_file('poster_id');

CREATE TRIGGER tr_movies_release_backdrop_id AFTER UPDATE OF backdrop_id ON movies
    FOR EACH ROW WHEN (OLD.backdrop_id IS NOT NULL AND OLD.backdrop_id IS DISTINCT FROM NEW.backdrop_id)
    EXECUTE FUNCTION release_file('backdrop_id');
CREATE TRIGGER tr_movies_drop_backdrop_id AFTER DELETE ON movies
    FOR EACH ROW WHEN (OLD.backdrop_id IS NOT NULL) EXECUTE FUNCTION release_file('backdrop_id');

CREATE TRIGGER tr_person_photos_release_file_id AFTER UPDATE OF file_id ON person_photos
    FOR EACH ROW WHEN (OLD.file_id IS NOT NULL AND OLD.file_id IS DISTINCT FROM NEW.file_id)
    EXECUTE FUNCTION release_file('file_id');
CREATE TRIGGER tr_person_photos_drop_file_id AFTER DELETE ON person_photos
    FOR EACH ROW WHEN (OLD.file_id IS NOT NULL) EXECUTE FUNCTION release_file('file_id');
