-- Missions of squads, the squads' loads, what the service finds to do by itself, and what the counters
-- have to be. A mission's id is the id of its case.
SET search_path TO :"schema";

CREATE TABLE missions (
    id           bigint PRIMARY KEY,
    ver          integer NOT NULL DEFAULT 0,        -- 0: a stub, left out everywhere
    seen_routing bigint NOT NULL DEFAULT 0,
    sent_routing bigint NOT NULL DEFAULT 0,
    state        smallint NOT NULL DEFAULT 0,       -- 1 waiting 2 assigned 3 accepted 4 on_scene 5 done 6 cancelled
    unit         bigint NOT NULL DEFAULT 0,         -- where the case is placed
    street       bigint NOT NULL DEFAULT 0,         -- whose squads come first; 0 = the district's
    pool         bigint NOT NULL DEFAULT 0,         -- whose squads it waits for; 0 = the district's
    squad        bigint NOT NULL DEFAULT 0,         -- unit that has or had it
    owed         bigint NOT NULL DEFAULT 0,         -- squad whose load still counts it although it is over
    matter       integer NOT NULL DEFAULT 0,
    capability   text NOT NULL DEFAULT '',
    asked_at     timestamptz,
    due_at       timestamptz,
    changed_at   timestamptz,
    rule_ver     bigint NOT NULL DEFAULT 0,         -- of the directory, when a squad was last looked for
    source_ref   text NOT NULL DEFAULT '',
    summary      text NOT NULL DEFAULT ''
);
CREATE INDEX missions_waiting ON missions (pool, capability, asked_at, id) WHERE state = 1;
CREATE INDEX missions_looked ON missions (rule_ver, asked_at, id) WHERE state = 1;
CREATE INDEX missions_open ON missions (id) WHERE state BETWEEN 1 AND 4;
CREATE INDEX missions_squad ON missions (squad, id) WHERE state BETWEEN 1 AND 4;
CREATE INDEX missions_owed ON missions (id) WHERE owed <> 0;
CREATE INDEX missions_over ON missions (changed_at) WHERE state BETWEEN 5 AND 6;
CREATE INDEX missions_source_ref ON missions (source_ref) WHERE source_ref <> '';

-- Whose data may go when it is old (PROTOCOL rule 10).
CREATE VIEW finished (agg, at) AS
SELECT m.id, m.changed_at FROM missions AS m
WHERE m.ver > 0 AND m.state BETWEEN 5 AND 6 AND m.owed = 0;

-- One row for each squad that ever was a candidate. Locked last, in id order. The directory's part
-- (capacity to capabilities) is as of `version`; rows of an older version are not believed.
-- A few rows that are written again with every mission: each time under a key of its own, so that
-- whoever takes the newest entry of the index first has found it, however many dead ones somebody's
-- snapshot keeps. That there is one row for an id is what `squad_known` is for: who adds an id there
-- inserts the row.
CREATE TABLE squad (
    id           bigint NOT NULL,                   -- the unit
    turn         bigint NOT NULL DEFAULT 0,         -- how often it was written
    version      bigint NOT NULL DEFAULT 0,
    capacity     integer NOT NULL DEFAULT 0,        -- missions at once; 0 = no limit
    pool         bigint NOT NULL DEFAULT 0,         -- its street; 0 = the district's
    capabilities text[] NOT NULL DEFAULT '{}',
    load         integer NOT NULL DEFAULT 0 CHECK (load >= 0),
    freed_at     timestamptz,
    PRIMARY KEY (id, turn)
);

CREATE TABLE squad_known (
    id bigint PRIMARY KEY
);
-- A bitmap reads all entries of a squad before the newest is taken, and with few squads the planner thinks
-- it as cheap as the index's end.
ALTER ROLE huying_enforcement SET enable_bitmapscan = off;

-- Work that nobody sends a message for; see enum mission_work.
--  1 a waiting mission for which a squad is free: for each free squad the oldest that it can take, no
--    more than it has room for, so that whoever is decided first is also the oldest; and those that
--    were last looked at under an older directory.
--  2 a mission that is over and still counts in a squad's load.
-- While nothing waits this reads two empty partial indexes.
CREATE VIEW work_ready (agg, kind, at) AS
SELECT w.agg, w.kind, min(w.at) FROM (
    SELECT o.id AS agg, 2 AS kind, o.changed_at AS at FROM missions AS o WHERE o.owed <> 0
    UNION ALL
    SELECT l.id, 1, greatest(coalesce(n.clock, now()), l.changed_at)
        FROM directory.site AS n CROSS JOIN LATERAL (
            SELECT m.id, m.changed_at FROM missions AS m
            WHERE m.state = 1 AND m.rule_ver < n.version
            ORDER BY m.rule_ver, m.asked_at, m.id LIMIT 256) AS l
    UNION ALL
    (SELECT q.id, 1, greatest(s.freed_at, q.changed_at)
        FROM directory.site AS n CROSS JOIN squad_known AS k CROSS JOIN LATERAL (
            SELECT x.* FROM squad AS x WHERE (x.id, x.turn) <= (k.id, 9223372036854775807)
            ORDER BY x.id DESC, x.turn DESC LIMIT 1) AS s
        CROSS JOIN LATERAL (
            SELECT c.id, c.changed_at FROM unnest(s.capabilities || ''::text) AS a (name)
            CROSS JOIN LATERAL (
                SELECT m.id, m.asked_at, m.changed_at FROM missions AS m
                WHERE m.state = 1 AND m.pool = s.pool AND m.capability = a.name
                    AND m.rule_ver >= n.version
                ORDER BY m.asked_at, m.id LIMIT 64) AS c
            ORDER BY c.asked_at, c.id
            LIMIT CASE WHEN s.capacity = 0 THEN 64 ELSE least(s.capacity - s.load, 64) END) AS q
        WHERE s.id = k.id AND s.version = n.version AND (s.capacity = 0 OR s.load < s.capacity)
            AND EXISTS (SELECT FROM missions AS m WHERE m.state = 1))
) AS w GROUP BY w.agg, w.kind;

-- For operators and tests: a squad's load is the number of missions that count in it.
CREATE VIEW squad_truth (id, load, missions) AS
SELECT s.id, s.load, (SELECT count(*) FROM missions AS m
        WHERE (m.squad = s.id AND m.state BETWEEN 2 AND 4) OR m.owed = s.id)
FROM squad AS s;

CREATE VIEW counter_fact (agg, metric, unit, matter, value) AS
SELECT m.id, k.metric::smallint,
    CASE WHEN m.state BETWEEN 2 AND 5 THEN m.squad WHEN m.street <> 0 THEN m.street ELSE m.unit END,
    m.matter, 1::bigint
FROM missions AS m CROSS JOIN LATERAL (
    VALUES (0, m.state BETWEEN 1 AND 4), (1, m.state = 1), (2, m.state = 5)) AS k (metric, counts)
WHERE m.ver > 0 AND k.counts;

-- What the counters have to be: at a unit and all units above it (matter 0), for a matter (unit 0, all
-- versions of it together), and altogether. A mission counts at its squad once it has one, else at its street (or place).
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
