-- Who is told what happens to reports, and what is to be sent to them. A delivery is written by the
-- transaction of the step itself; a sender takes it for a while (lease, until due), and records
-- what came of it. Delivered rows go by age.
SET search_path TO :"schema";

CREATE TABLE subscriber (
    id            integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text NOT NULL UNIQUE,
    channel       smallint NOT NULL DEFAULT 1,  -- 1: CloudEvents to the url, 2: notices to the reporter
    url           text NOT NULL,
    secret        bytea,                        -- sealed by the site's key file: never plain here
    secret_before bytea,                        -- the one before it signs, too, until …
    before_until  timestamptz,
    kinds         smallint[] NOT NULL,          -- steps of a report that it wants
    sources       text[],                       -- reports of these alone; NULL: of all
    state         smallint NOT NULL DEFAULT 1,  -- 1 active, 2 paused: rows are written and wait, 3 disabled: none are
    why           text NOT NULL DEFAULT '',     -- it is paused or disabled
    created       timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE delivery (
    subscriber integer NOT NULL REFERENCES subscriber ON DELETE CASCADE,
    agg        bigint NOT NULL,
    ver        integer NOT NULL,
    kind       smallint NOT NULL,               -- intake.h, REPORT_STEP_TABLE
    state      smallint NOT NULL,               -- of the report after that step
    at         timestamptz NOT NULL,            -- the step's instant
    created    timestamptz NOT NULL DEFAULT now(),
    due        timestamptz NOT NULL,            -- of the next try; while one is under way, the end of its lease
    tries      smallint NOT NULL DEFAULT 0,
    lease      bigint NOT NULL DEFAULT 0,       -- of the try under way; 0: none
    done       smallint NOT NULL DEFAULT 0,     -- 0 pending, 1 delivered, 2 given up, 3 not wanted
    finished   timestamptz,
    status     integer NOT NULL DEFAULT 0,      -- HTTP's or SMTP's, of the last try; 0: none came
    why        text NOT NULL DEFAULT '',        -- the last try failed
    round      integer NOT NULL,                -- facts of the body, so that it stays the same
    accepted   timestamptz,
    ended      timestamptz,
    matter     integer NOT NULL,
    unit       bigint NOT NULL,
    source     text,
    ref        text,
    PRIMARY KEY (subscriber, agg, ver)
) WITH (fillfactor = 70);                       -- written once, updated twice for each try

CREATE INDEX delivery_due ON delivery (subscriber, due) WHERE done = 0;
CREATE INDEX delivery_open ON delivery (subscriber, agg, ver) WHERE done = 0;
CREATE INDEX delivery_leased ON delivery (subscriber, due) WHERE lease <> 0;
CREATE INDEX delivery_finished ON delivery (finished) WHERE done > 0;

GRANT INSERT, UPDATE, DELETE ON subscriber, delivery TO huying_ctl; -- it reads all as it is
