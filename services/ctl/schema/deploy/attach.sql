-- The site's incarnation (PROTOCOL rule 9). It rises when this database is another cluster or on another
-- timeline than the one that wrote it: a restore, a fail-over. The timeline comes from the WAL's own
-- name, since the control file still has the old one after a promotion. The larger of stored + 1 and the
-- wall clock's seconds, so that two restores of one backup differ. It rises as well when the caller knows of a
-- higher one: then this database was put back behind what it had acknowledged, and nobody said so (went_back).
--
-- When nothing changed this is one read without a lock. On a replica nothing can be raised: what is
-- stored is the answer. Empty before the first apply.
CREATE FUNCTION directory.site_attach(
    known bigint,
    OUT number integer, OUT incarnation bigint, OUT drill boolean, OUT version bigint, OUT went_back boolean)
RETURNS SETOF record
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    here_id bigint;
    here_timeline integer;
BEGIN
    went_back := false;
    IF NOT pg_is_in_recovery() THEN
        SELECT c.system_identifier INTO here_id FROM pg_control_system() AS c;
        here_timeline := ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer;
        PERFORM 1 FROM directory.site AS s
            WHERE s.system_id IS NOT DISTINCT FROM here_id
                AND s.timeline IS NOT DISTINCT FROM here_timeline AND s.incarnation >= known;
        IF NOT FOUND THEN
            UPDATE directory.site AS s
                SET incarnation = next.incarnation,
                    incarnation_first = coalesce(s.incarnation_first, next.incarnation),
                    system_id = here_id, timeline = here_timeline
                FROM (SELECT greatest(o.incarnation + 1, known + 1,
                        extract(epoch FROM clock_timestamp())::bigint) AS incarnation,
                        o.incarnation < known AS behind
                    FROM directory.site AS o) AS next
                WHERE s.system_id IS DISTINCT FROM here_id
                    OR s.timeline IS DISTINCT FROM here_timeline OR s.incarnation < known
                RETURNING next.behind INTO went_back;
        END IF;
    END IF;
    RETURN QUERY SELECT s.number, s.incarnation, s.drill, s.version, coalesce(went_back, false)
        FROM directory.site AS s;
END
$$;

-- After a copy of files, which leaves system id and timeline as they were: raised by hand, by
-- `huyingctl restored`. Returns the new incarnation; NULL before the first apply.
CREATE FUNCTION directory.site_restored() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE directory.site AS s
        SET incarnation = greatest(s.incarnation + 1,
                extract(epoch FROM clock_timestamp())::bigint)
        RETURNING s.incarnation;
$$;
