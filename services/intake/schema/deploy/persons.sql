-- Who calls, and what was said where handlers see it masked: sealed bytes by a key that is in no database
-- (docs/personal-data.md). A row for each step that brought some; it goes with the report's data, or sooner.
SET search_path TO :"schema";

CREATE TABLE person (
    report  bigint NOT NULL,
    ver     integer NOT NULL,                -- of the report's step that it came with
    ref     text NOT NULL,                   -- the ticket it came under
    key     bigint NOT NULL,                 -- number of the key that sealed it (kernel/base/seal.h)
    sealed  bytea NOT NULL,                  -- intake.Caller; bound to report and ver
    created timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (report, ver)
);
-- What a key sealed is looked for by it when another takes its place. The condition, which is always true, keeps it
-- from being taken for the primary key.
CREATE INDEX person_key ON person (key, report) WHERE key <> 0;
