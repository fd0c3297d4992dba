-- Needs that are offered to volunteers, the hours credited to them, and what the counters have to be.
-- A need's id is the id of its case.
SET search_path TO :"schema";

CREATE TABLE needs (
    id           bigint PRIMARY KEY,
    ver          integer NOT NULL DEFAULT 0,        -- 0: a stub, left out everywhere
    seen_routing bigint NOT NULL DEFAULT 0,
    sent_routing bigint NOT NULL DEFAULT 0,
    state        smallint NOT NULL DEFAULT 0,       -- 1 offered 2 claimed 3 done 4 unclaimed 5 cancelled
    unit         bigint NOT NULL DEFAULT 0,         -- where the case is placed
    matter       integer NOT NULL DEFAULT 0,
    skill        text NOT NULL DEFAULT '',          -- '' = any
    offers       integer NOT NULL DEFAULT 0,        -- how many it was offered to
    volunteer    text NOT NULL DEFAULT '',          -- staff code of who claimed it
    minutes      integer NOT NULL DEFAULT 0,        -- credited
    opened_at    timestamptz,
    offer_until  timestamptz,
    due_at       timestamptz,
    claimed_at   timestamptz,
    ended_at     timestamptz,                       -- set by the statement that stores an end
    source_ref   text NOT NULL DEFAULT '',
    summary      text NOT NULL DEFAULT ''
);
CREATE INDEX needs_open ON needs (id) WHERE state BETWEEN 1 AND 2;
CREATE INDEX needs_volunteer ON needs (volunteer, id) WHERE volunteer <> '';
CREATE INDEX needs_ended ON needs (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX needs_source_ref ON needs (source_ref) WHERE source_ref <> '';

-- Whose data may go when it is old (PROTOCOL rule 10). Its hours stay: they are the volunteer's.
CREATE VIEW finished (agg, at) AS
SELECT n.id, n.ended_at FROM needs AS n
WHERE n.ver > 0 AND n.state BETWEEN 3 AND 5 AND n.ended_at IS NOT NULL;

-- Hours, once per need: the key is the need. Rows are never changed.
CREATE TABLE credit (
    need_id   bigint PRIMARY KEY,
    volunteer text NOT NULL,
    minutes   integer NOT NULL CHECK (minutes BETWEEN 1 AND 1440),
    at        timestamptz NOT NULL
);
CREATE INDEX credit_volunteer ON credit (volunteer, at);

CREATE VIEW volunteer_hours (volunteer, needs, minutes, hours, last_at) AS
SELECT c.volunteer, count(*), sum(c.minutes)::bigint, round(sum(c.minutes) / 60.0, 2), max(c.at)
FROM credit AS c GROUP BY c.volunteer;

CREATE VIEW counter_fact (agg, metric, unit, matter, value) AS
SELECT n.id, k.metric::smallint, n.unit, n.matter, k.amount::bigint
FROM needs AS n CROSS JOIN LATERAL (
    VALUES (0, (n.state BETWEEN 1 AND 2)::integer), (1, (n.state = 3)::integer),
        (2, CASE WHEN n.state = 3 THEN n.minutes ELSE 0 END)) AS k (metric, amount)
WHERE n.ver > 0 AND k.amount <> 0;

-- What the counters have to be: at a unit and all units above it (matter 0), for a matter (unit 0, all
-- versions of it together), and altogether. Metric 2 counts minutes.
CREATE VIEW counter_truth (metric, unit, matter, value) AS
WITH RECURSIVE counted (metric, unit, matter, value) AS (
    SELECT c.metric, c.unit, coalesce(m.item, c.matter), sum(c.value)::bigint FROM (
        SELECT a.metric, a.unit, a.matter, a.value FROM counter_fact AS a
        UNION ALL SELECT k.metric, k.unit, k.matter, k.value FROM counter_kept AS k
    ) AS c LEFT JOIN directory.matter AS m ON m.id = c.matter GROUP BY 1, 2, 3
), placed (metric, unit, parent, value) AS (
    SELECT c.metric, u.id, u.parent, c.value
    FROM counted AS c JOIN directory.unit AS u ON u.id = c.unit
    UNION ALL
    SELECT p.metric, u.id, u.parent, p.value
    FROM placed AS p JOIN directory.unit AS u ON u.id = p.parent
)
SELECT metric, unit, 0, sum(value)::bigint FROM placed GROUP BY metric, unit
UNION ALL
SELECT metric, 0, matter, sum(value)::bigint FROM counted WHERE matter <> 0 GROUP BY metric, matter
UNION ALL
SELECT metric, 0, 0, sum(value)::bigint FROM counted GROUP BY metric;
