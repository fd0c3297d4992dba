-- What clients were told, against what is there: a line "name|count" for each rule, where count is the
-- number of places that break it; after all is at rest. Reads the temporary table `told` (a line of a history each,
-- history.h) and the tables of the site; shares nothing with the services' code.
CREATE TEMP TABLE word (service, state, number) AS VALUES
    ('routing', 'dispatched', 2), ('routing', 'accepted', 3), ('routing', 'handled', 4),
    ('enforcement', 'waiting', 1), ('enforcement', 'assigned', 2), ('enforcement', 'accepted', 3),
    ('enforcement', 'on_scene', 4), ('volunteer', 'offered', 1), ('volunteer', 'claimed', 2);

CREATE TEMP TABLE story_of AS
SELECT 'intake' AS service, agg, ver, kind, to_state, at, due, actor, convert_from(detail, 'UTF8') AS detail
    FROM intake.history
UNION ALL SELECT 'routing', agg, ver, kind, to_state, at, due, actor, convert_from(detail, 'UTF8')
    FROM routing.history
UNION ALL SELECT 'enforcement', agg, ver, kind, to_state, at, due, actor, convert_from(detail, 'UTF8')
    FROM enforcement.history
UNION ALL SELECT 'volunteer', agg, ver, kind, to_state, at, due, actor, convert_from(detail, 'UTF8')
    FROM volunteer.history;
-- The client's own number of an act or a withdrawal, wherever its effect went.
ALTER TABLE story_of ADD op text;
UPDATE story_of SET op = substring(detail FROM '(?:staff|hotline)\d+-\d+') WHERE detail !~ '-t\d';
CREATE INDEX ON story_of (op);
CREATE INDEX ON story_of (agg, ver);
ANALYZE story_of;

CREATE TEMP VIEW pushed AS SELECT * FROM told WHERE what = 'push';
CREATE TEMP VIEW known AS
SELECT DISTINCT ticket, agg FROM pushed WHERE phase = 'done' AND result IN ('accepted', 'duplicate');

-- Acts of staff: what was asked and the answer.
CREATE TEMP TABLE act AS
SELECT i.op, i.what AS service, i.agg, i.at AS asked, d.at AS answered, coalesce(d.result, 'unknown') AS result
FROM told AS i LEFT JOIN told AS d ON d.op = i.op AND d.phase = 'done'
WHERE i.phase = 'invoked' AND i.what IN ('routing', 'enforcement', 'volunteer');
CREATE INDEX ON act (op);
ANALYZE act;

-- What somebody knew of an aggregate's version at an instant: by an answer that came (known), and what a query
-- that began later was shown (shown).
CREATE TEMP TABLE sight AS
SELECT what AS service, agg, ver, at, since FROM told
    WHERE phase = 'seen' AND what IN ('routing', 'enforcement', 'volunteer');
ANALYZE sight;
CREATE TEMP TABLE course AS
SELECT service, agg, at, 0 AS what, ver FROM sight
UNION ALL SELECT a.service, a.agg, a.answered, 0, s.ver
    FROM act AS a JOIN story_of AS s ON s.service = a.service AND s.op = a.op WHERE a.result = '0'
UNION ALL SELECT service, agg, since, 1, ver FROM sight;

-- What set a deadline or used it up, in order; and those that used one up, with the deadline then in force.
CREATE TEMP TABLE deadline AS
SELECT agg, ver, kind, at, due FROM story_of WHERE service = 'routing' AND (due IS NOT NULL OR kind IN (7, 8));
CREATE INDEX ON deadline (agg, ver);
ANALYZE deadline;
CREATE TEMP TABLE fired AS
SELECT agg, ver, at, due FROM (SELECT agg, ver, kind, at,
        lag(due) OVER (PARTITION BY agg ORDER BY ver) AS due FROM deadline) AS d
WHERE kind IN (7, 8);

-- Counters of the whole site, by the numbers under which they are kept: what the tables hold, what was counted
-- (folded, and not yet), and what Redis shows (the temporary table `counted`).
CREATE TEMP TABLE tally AS
SELECT 'intake' AS service, 0 AS metric, count(*) AS value FROM intake.report WHERE state > 0
UNION ALL SELECT 'intake', 1, count(*) FROM intake.report WHERE state = 1
UNION ALL SELECT 'routing', 0, count(*) FROM routing.cases WHERE state BETWEEN 1 AND 5
UNION ALL SELECT 'routing', state - 5, count(c.id) FROM generate_series(6, 8) AS state
    LEFT JOIN routing.cases AS c USING (state) GROUP BY state
UNION ALL SELECT 'enforcement', 0, count(*) FROM enforcement.missions WHERE state BETWEEN 1 AND 4
UNION ALL SELECT 'enforcement', 1, count(*) FROM enforcement.missions WHERE state = 1
UNION ALL SELECT 'enforcement', 2, count(*) FROM enforcement.missions WHERE state = 5
UNION ALL SELECT 'volunteer', 0, count(*) FROM volunteer.needs WHERE state IN (1, 2)
UNION ALL SELECT 'volunteer', 1, count(*) FROM volunteer.needs WHERE state = 3
UNION ALL SELECT 'volunteer', 2, coalesce(sum(minutes), 0) FROM volunteer.needs WHERE state = 3;
CREATE TEMP VIEW counter_row AS
SELECT 'intake' AS service, metric, value FROM intake.counter WHERE unit = 0 AND matter = 0
UNION ALL SELECT 'routing', metric, value FROM routing.counter WHERE unit = 0 AND matter = 0
UNION ALL SELECT 'enforcement', metric, value FROM enforcement.counter WHERE unit = 0 AND matter = 0
UNION ALL SELECT 'volunteer', metric, value FROM volunteer.counter WHERE unit = 0 AND matter = 0
UNION ALL SELECT s, m, a FROM (SELECT 'intake' AS s, * FROM intake.counter_delta
        UNION ALL SELECT 'routing', * FROM routing.counter_delta
        UNION ALL SELECT 'enforcement', * FROM enforcement.counter_delta
        UNION ALL SELECT 'volunteer', * FROM volunteer.counter_delta) AS d,
    unnest(metrics, units, matters, amounts) AS x (m, u, t, a) WHERE u = 0 AND t = 0;

SELECT 'lost: a report with a receipt that is not there', count(*)
    FROM known AS k WHERE NOT EXISTS (SELECT FROM intake.report AS r
        WHERE r.id = k.agg AND r.ref = k.ticket AND r.ver > 0)
UNION ALL SELECT 'lost: a report with a receipt without its case', count(*)
    FROM known AS k WHERE NOT EXISTS (SELECT FROM routing.cases AS c
        WHERE c.id = k.agg AND c.source_ref = k.ticket AND c.ver > 0)
UNION ALL SELECT 'lost: a withdrawal with a receipt that is not in the story', count(*)
    FROM told AS w WHERE w.what = 'withdraw' AND w.phase = 'done' AND w.result = 'accepted'
        AND NOT EXISTS (SELECT FROM story_of AS s WHERE s.service = 'intake' AND s.op = w.op)
UNION ALL SELECT 'lost: an act that was done, and is not in the story', count(*)
    FROM act AS a WHERE a.result = '0' AND NOT EXISTS (SELECT FROM story_of AS s
        WHERE s.service = a.service AND s.op = a.op AND s.agg = a.agg)
UNION ALL SELECT 'lost: what a squad or volunteer did is not in its case', count(*)
    FROM story_of AS s WHERE s.op IS NOT NULL AND s.service IN ('enforcement', 'volunteer')
        AND NOT EXISTS (SELECT FROM story_of AS r WHERE r.service = 'routing' AND r.op = s.op)
        AND NOT EXISTS (SELECT FROM story_of AS r WHERE r.service = 'routing' AND r.agg = s.agg
            AND r.kind IN (11, 12, 13))
UNION ALL SELECT 'lost: an acknowledged outcome that is not marked', count(*)
    FROM told AS k JOIN intake.report AS r ON r.id = k.agg
    WHERE k.what = 'ack' AND k.phase = 'done' AND k.result = 'accepted' AND r.outcome_pending
UNION ALL SELECT 'lost: a case that ended without the hotline hearing of it', count(*)
    FROM routing.cases AS c WHERE c.state IN (6, 7, 8) AND NOT EXISTS (SELECT FROM told AS f
        WHERE f.what = 'fetch' AND f.agg = c.id)
UNION ALL SELECT 'twice: a ticket that was told two numbers', count(*)
    FROM (SELECT FROM known GROUP BY ticket HAVING count(*) > 1) AS t
UNION ALL SELECT 'twice: a ticket that was accepted two times', count(*)
    FROM (SELECT FROM pushed WHERE phase = 'done' AND result = 'accepted'
        GROUP BY ticket HAVING count(*) > 1) AS t
UNION ALL SELECT 'twice: a ticket with two reports', count(*)
    FROM (SELECT FROM intake.report WHERE ver > 0 GROUP BY source, ref HAVING count(*) > 1) AS t
UNION ALL SELECT 'twice: a ticket with two cases', count(*)
    FROM (SELECT FROM routing.cases WHERE ver > 0 GROUP BY source, source_ref HAVING count(*) > 1) AS t
UNION ALL SELECT 'twice: an act with two effects in one service', count(*)
    FROM (SELECT FROM story_of WHERE op IS NOT NULL AND service <> 'intake'
        GROUP BY service, op HAVING count(*) > 1) AS t
UNION ALL SELECT 'twice: an outcome given again after it was acknowledged', count(*)
    FROM told AS f JOIN told AS k ON k.agg = f.agg AND k.what = 'ack' AND k.phase = 'done'
        AND k.result = 'accepted' AND k.at < f.since
    WHERE f.what = 'fetch' AND f.phase = 'seen'
UNION ALL SELECT 'unasked: a report under a ticket that nobody pushed', count(*)
    FROM intake.report AS r WHERE r.ver > 0 AND NOT EXISTS (SELECT FROM pushed AS p
        WHERE p.ticket = r.ref AND p.client = r.source AND p.phase = 'invoked' AND p.detail = 'A')
UNION ALL SELECT 'unasked: a withdrawal that nobody asked for', count(*)
    FROM story_of AS s WHERE s.service = 'intake' AND s.kind = 2 AND NOT EXISTS (SELECT FROM told AS w
        WHERE w.what = 'withdraw' AND w.phase = 'invoked' AND w.op = s.op)
UNION ALL SELECT 'unasked: a withdrawn case without its withdrawal', count(*)
    FROM story_of AS s WHERE s.service = 'routing' AND s.kind = 12 AND NOT EXISTS (SELECT FROM story_of AS w
        WHERE w.service = 'intake' AND w.kind = 2 AND w.agg = s.agg AND w.op = s.op)
UNION ALL SELECT 'unasked: an act of staff that nobody asked for', count(*)
    FROM story_of AS s WHERE (s.op IS NOT NULL AND s.op LIKE 'staff%' AND NOT EXISTS (SELECT FROM act AS a
        WHERE a.op = s.op AND a.agg = s.agg))
        OR (s.op IS NULL AND ((s.service = 'routing' AND s.kind IN (4, 5, 13))
            OR (s.service = 'enforcement' AND s.kind IN (3, 4, 5)) OR (s.service = 'volunteer' AND s.kind IN (2, 3))))
UNION ALL SELECT 'unasked: an act that was refused, and had an effect', count(*)
    FROM act AS a WHERE a.result IN ('2', '3', '4') AND EXISTS (SELECT FROM story_of AS s WHERE s.op = a.op)
UNION ALL SELECT 'answer: a right report that was refused', count(*)
    FROM pushed AS i JOIN pushed AS d USING (op)
    WHERE i.phase = 'invoked' AND d.phase = 'done' AND i.detail = 'A' AND d.result = 'refused'
UNION ALL SELECT 'answer: a wrong report that was not refused', count(*)
    FROM pushed AS i JOIN pushed AS d USING (op)
    WHERE i.phase = 'invoked' AND d.phase = 'done' AND i.detail <> 'A' AND d.result IN ('accepted', 'duplicate')
UNION ALL SELECT 'answer: a push that never got one', count(*)
    FROM pushed AS i WHERE i.phase = 'invoked' AND NOT EXISTS (SELECT FROM pushed AS d
        WHERE d.ticket = i.ticket AND d.phase = 'done' AND d.result <> 'unknown' AND d.at > i.at)
UNION ALL SELECT 'answer: an outcome that is not the case''s', count(*)
    FROM told AS f LEFT JOIN routing.cases AS c ON c.id = f.agg
    WHERE f.what = 'fetch' AND f.phase = 'seen'
        AND c.state IS DISTINCT FROM CASE f.result WHEN 'closed' THEN 6 WHEN 'withdrawn' THEN 7 ELSE 8 END
UNION ALL SELECT 'read: a version or state that never was', count(*)
    FROM told AS t LEFT JOIN word AS w ON w.service = t.what AND w.state = t.result
    WHERE t.phase = 'seen' AND t.what <> 'fetch' AND NOT EXISTS (SELECT FROM story_of AS s
        WHERE s.service = t.what AND s.agg = t.agg AND s.ver = t.ver AND s.to_state = w.number)
UNION ALL SELECT 'read: older than what was known before', count(*)
    FROM (SELECT what, ver, max(ver) FILTER (WHERE what = 0) OVER (PARTITION BY service, agg
            ORDER BY at, what DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS newest
        FROM course) AS c WHERE what = 1 AND ver < newest
UNION ALL SELECT 'order: a case that heard of two acts in another order', count(*)
    FROM story_of AS e JOIN story_of AS f ON f.service = e.service AND f.agg = e.agg AND f.ver > e.ver
    JOIN story_of AS r ON r.service = 'routing' AND r.op = e.op
    JOIN story_of AS s ON s.service = 'routing' AND s.op = f.op
    WHERE e.service IN ('enforcement', 'volunteer') AND r.ver > s.ver
UNION ALL SELECT 'order: versions that do not follow one another in state', count(*)
    FROM (SELECT h.from_state, lag(h.to_state) OVER (PARTITION BY h.agg ORDER BY h.ver) AS before
        FROM routing.history AS h) AS h WHERE h.before IS NOT NULL AND h.from_state <> h.before
UNION ALL SELECT 'deadline: escalated before it was due', count(*) FROM fired WHERE at < due
UNION ALL SELECT 'deadline: escalated twice for one deadline', count(*) FROM fired WHERE due IS NULL
UNION ALL SELECT 'deadline: passed, and nobody escalated', count(*)
    FROM (SELECT DISTINCT ON (agg) agg, due FROM deadline ORDER BY agg, ver DESC) AS l
    JOIN routing.cases AS c ON c.id = l.agg
    WHERE l.due < coalesce(c.ended_at, now()) - interval '60 s'
UNION ALL SELECT 'counters: not what the tables hold', count(*)
    FROM tally AS t LEFT JOIN (SELECT service, metric, sum(value) AS value FROM counter_row GROUP BY 1, 2) AS c
    USING (service, metric) WHERE t.value <> coalesce(c.value, 0)
UNION ALL SELECT 'counters: not what Redis shows', count(*)
    FROM tally AS t LEFT JOIN counted AS c USING (service, metric) WHERE t.value <> coalesce(c.value, 0);
