-- Reports as they were accepted, under the case's id, and the tickets that they came under. What a
-- report says is not here: it is routing's, and salted in the history.
SET search_path TO :"schema";

CREATE TABLE report (
    id              bigint PRIMARY KEY,
    ver             integer NOT NULL DEFAULT 0,     -- 0: a stub
    seen_routing    bigint NOT NULL DEFAULT 0,
    sent_routing    bigint NOT NULL DEFAULT 0,
    state           smallint NOT NULL DEFAULT 0,    -- intake.h, REPORT_STATE_TABLE
    placed          smallint NOT NULL DEFAULT 0,    -- intake.proto, enum Placed
    matter          integer NOT NULL DEFAULT 0,     -- directory.matter
    unit            bigint NOT NULL DEFAULT 0,      -- directory.unit: where it was placed
    accepted        timestamptz,
    reported        timestamptz,
    promised        timestamptz,
    ended           timestamptz,
    withdraw_asked  boolean NOT NULL DEFAULT false,
    outcome_pending boolean NOT NULL DEFAULT false, -- ended, and the source has not acknowledged it
    digest          bytea,                          -- SHA-256 of the accepted body
    source          text,                           -- name of the key or token that reported it
    ref             text,                           -- its ticket
    outcome_text    text,                           -- for the reporter
    course          jsonb,                          -- what happened beside the straight way: intake.h
    thing           integer,                        -- its matter's first version, when two may report the same thing
    north           integer,                        -- … and where: millionths of a degree
    east            integer
) WITH (fillfactor = 80);                           -- a report is written three to five times

-- Ends are found by their time when the data is old (PROTOCOL rule 10).
CREATE INDEX report_ended ON report (ended) WHERE ended IS NOT NULL;
CREATE VIEW finished (agg, at) AS
SELECT r.id, r.ended FROM report AS r WHERE r.ver > 0 AND (r.state BETWEEN 2 AND 4 OR r.state = 6) AND r.ended IS NOT NULL;

-- Open reports near by, of the same matter: by bands of a thousandth of a degree of latitude.
CREATE INDEX report_near ON report (thing, (north / 1000), east) WHERE ended IS NULL AND thing IS NOT NULL;

-- What a source has yet to fetch, in the order in which it fetches.
CREATE INDEX report_outcome_pending ON report (source, id) WHERE outcome_pending;

-- A ticket stands for one id as long as there is a row for it, with its data or without. It may stand for a report that does not exist, when all that
-- came under it was refused: the next body that is right gets the id.
CREATE TABLE ticket (
    source text NOT NULL,
    ref    text COLLATE "C" NOT NULL,          -- ranges of them are ranges of bytes, for whoever reconciles
    report bigint NOT NULL,
    at     timestamptz NOT NULL,               -- when what came under it was accepted, to the millisecond
    PRIMARY KEY (source, ref)
);
CREATE INDEX ticket_report ON ticket (report); -- they go with the report's row; grows at its end
CREATE INDEX ticket_at ON ticket (at);         -- the tickets of a day; grows at its end

CREATE VIEW counter_fact (agg, metric, unit, matter, value) AS
SELECT r.id, k.metric::smallint, r.unit, r.matter, 1::bigint
FROM report AS r CROSS JOIN LATERAL (VALUES (0, true), (1, r.state = 1)) AS k (metric, holds)
WHERE r.ver > 0 AND r.state < 5 AND k.holds; -- a code that people scan is no report

-- What the hot counters have to show (metric numbers: intake.h, REPORT_METRIC_TABLE): for each unit
-- with all below it, for each matter, and for the whole.
CREATE VIEW counter_truth (metric, unit, matter, value) AS
WITH RECURSIVE area (unit, up) AS (
    SELECT u.id, u.id FROM directory.unit AS u
    UNION ALL
    SELECT a.unit, u.parent FROM area AS a
        JOIN directory.unit AS u ON u.id = a.up
        WHERE u.parent IS NOT NULL
), fact (metric, unit, matter, amount) AS (
    SELECT c.metric, c.unit, coalesce(m.item, c.matter), sum(c.value)::bigint FROM (
        SELECT a.metric, a.unit, a.matter, a.value FROM counter_fact AS a
        UNION ALL SELECT k.metric, k.unit, k.matter, k.value FROM counter_kept AS k
    ) AS c LEFT JOIN directory.matter AS m ON m.id = c.matter GROUP BY 1, 2, 3
)
SELECT f.metric::smallint, a.up, 0, sum(f.amount)::bigint
    FROM fact AS f JOIN area AS a ON a.unit = f.unit GROUP BY f.metric, a.up
UNION ALL
SELECT f.metric::smallint, 0::bigint, f.matter, sum(f.amount)::bigint
    FROM fact AS f GROUP BY f.metric, f.matter
UNION ALL
SELECT f.metric::smallint, 0::bigint, 0, sum(f.amount)::bigint FROM fact AS f GROUP BY f.metric;
