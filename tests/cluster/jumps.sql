-- The judge of clock_jumps: what it notes while the site runs, and what must hold of it. Shares nothing with the
-- services' code. Every row of the history is noted with the instant at which it was written, by a clock
-- that nobody moves; every spell of the run with the distance of the true clock to that one, and whether
-- deadlines had to fire in it. From these alone follows, for every clock of every case, from when it was
-- announced for, and how long it then stayed undone while it should have fired.
--
-- Spans of the test's matter, in minutes: to accept 1, arrive 2, handle 2, step up 1, verify 1.
CREATE SCHEMA jump;

CREATE TABLE jump.spell (
    n     integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    began timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended timestamptz,
    off   interval NOT NULL,      -- of the true clock, from the one that nobody moves
    runs  boolean NOT NULL,       -- deadlines have to fire
    what  text NOT NULL
);

CREATE TABLE jump.step (
    agg bigint, ver integer, kind smallint, from_state smallint, at timestamptz, due timestamptz,
    real timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE jump.row (          -- a case as it was registered
    agg bigint, ver integer, due_at timestamptz, step_due_at timestamptz, warn_at timestamptz
);

CREATE FUNCTION jump.step_note() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO jump.step VALUES (NEW.agg, NEW.ver, NEW.kind, NEW.from_state, NEW.at, NEW.due);
    RETURN NULL;
END $$;
CREATE TRIGGER note AFTER INSERT ON routing.history
    FOR EACH ROW EXECUTE FUNCTION jump.step_note();

CREATE FUNCTION jump.row_note() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO jump.row VALUES (NEW.id, NEW.ver, NEW.due_at, NEW.step_due_at, NEW.warn_at);
    RETURN NULL;
END $$;
CREATE TRIGGER note AFTER UPDATE ON routing.cases
    FOR EACH ROW WHEN (OLD.ver = 0 AND NEW.ver > 0) EXECUTE FUNCTION jump.row_note();

-- Closes the spell and opens the next.
CREATE FUNCTION jump.turn(minutes integer, runs boolean, what text) RETURNS void
LANGUAGE sql AS $$
    UPDATE jump.spell SET ended = clock_timestamp() WHERE ended IS NULL;
    INSERT INTO jump.spell (off, runs, what) VALUES (minutes * interval '1 min', runs, what);
$$;

-- The true clock at an instant of the one that nobody moves.
CREATE FUNCTION jump.true_at(at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT at + off FROM jump.spell WHERE began <= at ORDER BY began DESC LIMIT 1
$$;

-- For how long it had passed, since it was announced, in spells in which deadlines fire, until then.
CREATE FUNCTION jump.passed(announced timestamptz, since timestamptz, until timestamptz)
RETURNS interval LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(greatest(interval '0', least(coalesce(s.ended, 'infinity'), until)
            - greatest(s.began, since, announced - s.off))), interval '0')
        FROM jump.spell AS s WHERE s.runs
$$;

CREATE VIEW jump.born AS
SELECT s.agg, s.at, s.real, c.promised_at,
        coalesce(CASE WHEN c.promised_at > s.at THEN c.promised_at
            WHEN c.promised_at IS NOT NULL THEN s.at END, s.at + interval '2 min') AS due
    FROM jump.step AS s JOIN routing.cases AS c ON c.id = s.agg WHERE s.kind = 1;

-- When somebody accepted and handled it; whoever handles it has accepted it.
CREATE VIEW jump.work AS
SELECT b.agg, min(s.real) AS taken, min(s.real) FILTER (WHERE s.kind = 4) AS handled,
        min(s.at) FILTER (WHERE s.kind = 4) AS handled_at
    FROM jump.born AS b LEFT JOIN jump.step AS s ON s.agg = b.agg AND s.kind IN (3, 4) GROUP BY b.agg;

-- Escalations and "overdue", numbered; each is announced by the one before.
CREATE VIEW jump.rise AS
SELECT s.*, row_number() OVER w AS nth, lag(s.at) OVER w + interval '1 min' AS announced,
        lag(s.real) OVER w AS since, lead(s.ver) OVER w IS NULL AS last
    FROM jump.step AS s WHERE s.kind IN (7, 8) WINDOW w AS (PARTITION BY s.agg ORDER BY s.ver);

-- Every clock that was announced: for when, since when it runs, and when it stops to.
CREATE VIEW jump.clock (agg, what, announced, since, until) AS
SELECT b.agg, 'yellow card',
        b.at + floor(extract(epoch FROM b.due - b.at) * 100)::integer * interval '7 ms', b.real,
        w.handled
    FROM jump.born AS b JOIN jump.work AS w USING (agg) WHERE b.due > b.at
UNION ALL SELECT b.agg, 'acceptance', b.at + interval '1 min', b.real, w.taken
    FROM jump.born AS b JOIN jump.work AS w USING (agg)
UNION ALL SELECT b.agg, 'arrival', b.at + interval '2 min', b.real, w.handled
    FROM jump.born AS b JOIN jump.work AS w USING (agg)
UNION ALL SELECT w.agg, 'verification', w.handled_at + interval '1 min', w.handled, NULL
    FROM jump.work AS w WHERE w.handled IS NOT NULL
UNION ALL SELECT b.agg, 'deadline', b.due, b.real,
        CASE WHEN b.promised_at IS NULL THEN w.handled END
    FROM jump.born AS b JOIN jump.work AS w USING (agg)
UNION ALL SELECT r.agg, 'next deadline', r.at + interval '1 min', r.real,
        CASE WHEN b.promised_at IS NULL THEN w.handled END
    FROM jump.rise AS r JOIN jump.born AS b USING (agg) JOIN jump.work AS w USING (agg)
    WHERE r.due IS NOT NULL;

-- Every step of a clock: which one it is, and when it was taken. A deadline that was put off by
-- somebody's verifying runs from when that was late.
CREATE VIEW jump.fire (agg, ver, what, announced, at, real, since) AS
SELECT s.agg, s.ver, 'yellow card', k.announced, s.at, s.real, k.since
    FROM jump.step AS s LEFT JOIN jump.clock AS k ON k.agg = s.agg AND k.what = 'yellow card'
    WHERE s.kind = 25
UNION ALL SELECT s.agg, s.ver, s.what, k.announced, s.at, s.real, k.since
    FROM (SELECT *, CASE WHEN from_state = 4 THEN 'verification'
                WHEN from_state = 3 OR row_number() OVER w > 1 THEN 'arrival'
                ELSE 'acceptance' END AS what
            FROM jump.step WHERE kind = 27 WINDOW w AS (PARTITION BY agg, from_state ORDER BY ver)) AS s
    LEFT JOIN jump.clock AS k ON k.agg = s.agg AND k.what = s.what
UNION ALL SELECT s.agg, s.ver, 'red card', b.due, s.at, s.real, b.real
    FROM jump.step AS s LEFT JOIN jump.born AS b USING (agg) WHERE s.kind = 26
UNION ALL SELECT r.agg, r.ver, CASE r.nth WHEN 1 THEN 'deadline' ELSE 'next deadline' END,
        CASE r.nth WHEN 1 THEN b.due ELSE r.announced END, r.at, r.real,
        greatest(coalesce(r.since, b.real), CASE WHEN r.from_state = 4 AND b.promised_at IS NULL
            THEN coalesce((SELECT min(s.real) FROM jump.step AS s
                WHERE s.agg = r.agg AND s.kind = 27 AND s.from_state = 4), '9999-01-01') END)
    FROM jump.rise AS r LEFT JOIN jump.born AS b USING (agg);

-- What the tests print, one line for each kind of clock.
CREATE VIEW jump.figures AS
SELECT f.what, count(*) AS fired,
        count(*) FILTER (WHERE f.announced > jump.true_at(f.real)) AS early,
        count(*) - count(DISTINCT (f.agg, f.announced)) AS twice,
        round(extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY
            jump.passed(f.announced, f.since, f.real))) * 1000) AS late_p50_ms,
        round(extract(epoch FROM max(jump.passed(f.announced, f.since, f.real))) * 1000)
            AS late_max_ms
    FROM jump.fire AS f GROUP BY f.what ORDER BY f.what;

-- A line for each rule, with the number of places that break it.
CREATE VIEW jump.rules (name, broken) AS
SELECT 'a step of a clock before its instant', count(*)
    FROM jump.fire AS f WHERE f.announced > jump.true_at(f.real) OR f.announced > f.at
UNION ALL SELECT 'a step of a clock that nobody announced', count(*)
    FROM jump.fire AS f WHERE f.announced IS NULL OR f.since > f.real
UNION ALL SELECT 'two steps for one announced instant', count(*)
    FROM (SELECT FROM jump.fire GROUP BY agg, what, announced HAVING count(*) > 1) AS t
UNION ALL SELECT 'a step more than 2 s after its instant', count(*)
    FROM jump.fire AS f WHERE jump.passed(f.announced, f.since, f.real) > interval '2 s'
UNION ALL SELECT 'an instant that passed more than 2 s ago without its step', count(*)
    FROM jump.clock AS k WHERE NOT EXISTS (SELECT FROM jump.fire AS f
            WHERE f.agg = k.agg AND f.what = k.what AND f.announced = k.announced)
        AND NOT EXISTS (SELECT FROM jump.work AS w JOIN jump.born AS b USING (agg)
            WHERE w.agg = k.agg AND w.handled IS NOT NULL AND b.promised_at IS NULL
                AND k.what LIKE '%deadline')
        AND jump.passed(k.announced, k.since, coalesce(k.until,
            (SELECT max(began) FROM jump.spell))) > interval '2 s'
UNION ALL SELECT 'a step while the clock was held', count(*)
    FROM jump.fire AS f JOIN jump.spell AS s ON NOT s.runs
        AND f.real > s.began + interval '1 s' AND f.real < s.ended
UNION ALL SELECT 'an instant announced otherwise than by the matter', count(*)
    FROM jump.row AS r JOIN jump.born AS b USING (agg)
    LEFT JOIN jump.clock AS y ON y.agg = r.agg AND y.what = 'yellow card'
    WHERE r.ver = 2 AND (r.due_at, r.step_due_at, r.warn_at)
        IS DISTINCT FROM (b.due, b.at + interval '1 min', y.announced)
UNION ALL SELECT 'a case that was opened and is not there, or was noted twice',
    abs(count(*) - (SELECT count(DISTINCT agg) FROM jump.row)) FROM routing.cases WHERE ver > 0;
