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
    outcome_text    text                            -- for the reporter
) WITH (fillfactor = 80);                           -- a report is written three to five times

-- What a source has yet to fetch, in the order in which it fetches.
CREATE INDEX report_outcome_pending ON report (source, id) WHERE outcome_pending;

-- A ticket stands for one id for good. It may stand for a report that does not exist, when all that
-- came under it was refused: the next body that is right gets the id.
CREATE TABLE ticket (
    source text NOT NULL,
    ref    text NOT NULL,
    report bigint NOT NULL,
    PRIMARY KEY (source, ref)
);

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
    SELECT 0, r.unit, r.matter, count(*) FROM report AS r WHERE r.ver > 0 GROUP BY r.unit, r.matter
    UNION ALL
    SELECT 1, r.unit, r.matter, count(*) FROM report AS r
        WHERE r.ver > 0 AND r.state = 1 GROUP BY r.unit, r.matter
)
SELECT f.metric::smallint, a.up, 0, sum(f.amount)::bigint
    FROM fact AS f JOIN area AS a ON a.unit = f.unit GROUP BY f.metric, a.up
UNION ALL
SELECT f.metric::smallint, 0::bigint, f.matter, sum(f.amount)::bigint
    FROM fact AS f GROUP BY f.metric, f.matter
UNION ALL
SELECT f.metric::smallint, 0::bigint, 0, sum(f.amount)::bigint FROM fact AS f GROUP BY f.metric;
