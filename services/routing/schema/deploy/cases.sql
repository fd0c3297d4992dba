-- The case: one row from the report to its end, the aggregate of services/routing/routing.h. Numbers of
-- states, levels and kinds are those of the tables there. A row with ver = 0 is a stub: no reader counts it.
--
-- A case is updated four to six times in its life. The indexes besides the key stand on columns that change only at
-- its start, when it gets another handler or area, when somebody is called to it or has come, when it is merged, and at
-- its end; every other update is a heap-only one, for which the pages keep room.
SET search_path TO :"schema";

-- The units that have a part in the case and are not through with it (state 1: PART_OPEN); while it is open also those
-- that are told of a call that nobody came to (3: PART_MISSED). For `called`.
CREATE FUNCTION units_called(course jsonb, is_open boolean) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT array_agg(unit::bigint) FROM (
       SELECT jsonb_path_query(course, '$.parts[*] ? (@.state == 1).unit')
       UNION ALL
       SELECT jsonb_path_query(course, '$.parts[*] ? (@.state == 3).told') WHERE is_open
   ) AS called (unit) $$;

CREATE TABLE cases (
    id                   bigint PRIMARY KEY,
    seen_intake          bigint NOT NULL DEFAULT 0,
    seen_enforcement     bigint NOT NULL DEFAULT 0,
    seen_volunteer       bigint NOT NULL DEFAULT 0,
    sent_intake          bigint NOT NULL DEFAULT 0,
    sent_enforcement     bigint NOT NULL DEFAULT 0,
    sent_volunteer       bigint NOT NULL DEFAULT 0,
    unit                 bigint NOT NULL DEFAULT 0,  -- where it is placed
    area                 bigint NOT NULL DEFAULT 0,  -- responsible now
    handler              bigint NOT NULL DEFAULT 0,  -- works on it
    handled_unit         bigint NOT NULL DEFAULT 0,
    accepted_at          timestamptz,
    promised_at          timestamptz,                -- by the source of the report
    first_due_at         timestamptz,                -- judges the case when nothing was promised
    due_at               timestamptz,                -- the present deadline
    step_due_at          timestamptz,                -- of the present step: to accept, arrive, verify, rule
    warn_at              timestamptz,                -- yellow card; NULL = none, or shown
    handled_at           timestamptz,
    ended_at             timestamptz,                -- closed, withdrawn or referred out
    ver                  integer NOT NULL DEFAULT 0,
    matter               integer NOT NULL DEFAULT 0, -- 0: was not in the directory
    state                smallint NOT NULL DEFAULT 0,
    level                smallint NOT NULL DEFAULT 0,
    kind                 smallint NOT NULL DEFAULT 0, -- of handler
    work                 smallint NOT NULL DEFAULT 0, -- open mission (1) or need (2)
    escalated            smallint NOT NULL DEFAULT 0, -- bit 1 << level for each level it went up to; 1: passed at the top
    on_scene             boolean NOT NULL DEFAULT false,
    late                 boolean NOT NULL DEFAULT false, -- its first deadline passed before its end
    overdue              boolean NOT NULL DEFAULT false, -- closed after the promise
    overdue_by_catalogue boolean NOT NULL DEFAULT false, -- closed after first_due_at, nothing promised
    drill                boolean NOT NULL DEFAULT false,
    handled_by           text NOT NULL DEFAULT '',       -- staff code
    course               jsonb,                          -- what happened beside the straight way; COURSE_TABLE
    source_ref           text,
    source               text,
    summary              text,
    queue                bigint GENERATED ALWAYS AS      -- in whose worklist it stands; NULL once ended
        (CASE WHEN state BETWEEN 1 AND 5 OR state BETWEEN 9 AND 11 THEN handler END) STORED,
    queue_area           bigint GENERATED ALWAYS AS      -- the same of who answers for it
        (CASE WHEN state BETWEEN 1 AND 5 OR state BETWEEN 9 AND 11 THEN area END) STORED,
    queue_place          bigint GENERATED ALWAYS AS      -- … and of where it lies
        (CASE WHEN state BETWEEN 1 AND 5 OR state BETWEEN 9 AND 11 THEN unit END) STORED,
    called               bigint[] GENERATED ALWAYS AS    -- who has to do a part of it, also after its end; who is told
        (CASE WHEN course ? 'parts' THEN
            units_called(course, state BETWEEN 1 AND 5 OR state BETWEEN 9 AND 11) END) STORED,
    merged               bigint GENERATED ALWAYS AS      -- the case that it was merged into
        (CASE WHEN course ? 'merged' THEN (course ->> 'merged')::bigint END) STORED
) WITH (fillfactor = 35);                           -- room for the next versions of a case, also while a snapshot keeps all

CREATE INDEX cases_source_ref ON cases (source_ref) WHERE source_ref IS NOT NULL;
CREATE INDEX cases_queue ON cases (queue, id) WHERE queue IS NOT NULL;
CREATE INDEX cases_area ON cases (queue_area) WHERE queue_area IS NOT NULL;
CREATE INDEX cases_place ON cases (queue_place) WHERE queue_place IS NOT NULL;
CREATE INDEX cases_called ON cases USING gin (called) WHERE called IS NOT NULL;
CREATE INDEX cases_accepted ON cases (accepted_at, id) WHERE accepted_at IS NOT NULL;
CREATE INDEX cases_merged ON cases (merged) WHERE merged IS NOT NULL;
CREATE INDEX cases_ended ON cases (ended_at) WHERE ended_at IS NOT NULL;

-- Cases that were merged into one that is over: closed (1), referred out (2), taken back or not there (3); see enum
-- other_found. While nothing is merged this reads an empty partial index; OFFSET 0 keeps a plan that was made for an
-- empty table from going through the key for the sake of the order.
CREATE VIEW work_ready (agg, kind, at) AS
SELECT c.id, CASE t.state WHEN 6 THEN 1 WHEN 8 THEN 2 ELSE 3 END, greatest(coalesce(n.clock, now()), t.ended_at)
    FROM directory.site AS n
        CROSS JOIN (SELECT m.id, m.merged FROM cases AS m WHERE m.merged > 0 OFFSET 0) AS c
        LEFT JOIN LATERAL (SELECT o.id, o.state, o.ended_at FROM cases AS o
            WHERE o.id = c.merged AND o.ver > 0 OFFSET 0) AS t ON true
    WHERE t.id IS NULL OR t.state BETWEEN 6 AND 8;

-- Whose data may go when it is old (PROTOCOL rule 10).
CREATE VIEW finished (agg, at) AS
SELECT c.id, c.ended_at FROM cases AS c
WHERE c.ver > 0 AND c.state BETWEEN 6 AND 8 AND c.ended_at IS NOT NULL;

-- What a case counts for, as its row says.
CREATE VIEW counter_fact (agg, metric, unit, matter, value) AS
SELECT c.id, m.metric::smallint, c.unit, c.matter, m.value::bigint
    FROM cases AS c
    CROSS JOIN LATERAL (VALUES
        (0, (c.state BETWEEN 1 AND 5 OR c.state BETWEEN 9 AND 12)::integer),
        (1, (c.state = 6)::integer),
        (2, (c.state = 7)::integer),
        (3, (c.state = 8)::integer),
        (4, c.overdue::integer),
        (5, c.overdue_by_catalogue::integer),
        (6, (c.escalated & 4 <> 0)::integer),
        (7, (c.escalated & 8 <> 0)::integer),
        (8, (c.escalated & 16 <> 0)::integer),
        (9, (c.late AND (c.state BETWEEN 1 AND 5 OR c.state BETWEEN 9 AND 12))::integer)
    ) AS m (metric, value)
    WHERE c.ver > 0 AND m.value <> 0
UNION ALL
SELECT c.id, m.metric::smallint, m.unit, c.matter, m.value
    FROM cases AS c
    CROSS JOIN LATERAL (VALUES
        (10, c.unit, (c.course ->> 'returns')::bigint),
        (13, c.unit, (c.course ->> 'reworks')::bigint),
        (14, c.unit, (c.course ->> 'extensions')::bigint),
        (15, c.unit, (c.course ->> 'suspensions')::bigint)
    ) AS m (metric, unit, value)
    WHERE c.ver > 0 AND c.course IS NOT NULL AND m.value IS NOT NULL
UNION ALL
SELECT c.id, (m.mark ->> 'metric')::smallint, COALESCE((m.mark ->> 'unit')::bigint, 0), c.matter,
        (m.mark ->> 'times')::bigint
    FROM cases AS c CROSS JOIN LATERAL jsonb_array_elements(c.course -> 'marks') AS m (mark)
    WHERE c.ver > 0 AND c.course ? 'marks' AND m.mark ? 'times';

-- What the counters must be, from the cases themselves and what is kept of those that shrank: metric, unit, matter as in `counter`. A case counts
-- at the unit where it is placed and at every unit above, at its matter (all versions of it together), and in all. Metrics are those of
-- METRIC_TABLE in services/routing/routing.h.
CREATE VIEW counter_truth (metric, unit, matter, value) AS
WITH RECURSIVE above (unit, ancestor) AS (
    SELECT u.id, u.id FROM directory.unit AS u
    UNION ALL
    SELECT a.unit, u.parent
        FROM above AS a JOIN directory.unit AS u ON u.id = a.ancestor
        WHERE u.parent IS NOT NULL
), fact (metric, unit, matter, value) AS (
    SELECT c.metric, c.unit, coalesce(m.item, c.matter), sum(c.value)::bigint FROM (
        SELECT a.metric, a.unit, a.matter, a.value FROM counter_fact AS a
        UNION ALL SELECT k.metric, k.unit, k.matter, k.value FROM counter_kept AS k
    ) AS c LEFT JOIN directory.matter AS m ON m.id = c.matter GROUP BY 1, 2, 3
)
SELECT f.metric, a.ancestor, 0, sum(f.value)::bigint
    FROM fact AS f JOIN above AS a ON a.unit = f.unit
    GROUP BY f.metric, a.ancestor
UNION ALL
SELECT f.metric, 0::bigint, f.matter, sum(f.value)::bigint
    FROM fact AS f WHERE f.matter <> 0
    GROUP BY f.metric, f.matter
UNION ALL
SELECT f.metric, 0::bigint, 0, sum(f.value)::bigint FROM fact AS f GROUP BY f.metric;
