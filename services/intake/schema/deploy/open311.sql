-- What Open311 shows to anybody of the reports that came by it: nothing personal, words are masked
-- before they are written. The row goes with the report's data.
SET search_path TO :"schema";

CREATE TABLE open311_request (
    report       bigint PRIMARY KEY,
    jurisdiction text NOT NULL,
    service      text NOT NULL,
    requested    timestamptz NOT NULL,  -- when the report was accepted
    description  text NOT NULL,
    address      text NOT NULL,
    address_id   text NOT NULL,
    media_url    text NOT NULL,
    north        integer,               -- millionths of a degree; NULL: no point
    east         integer
);
CREATE INDEX open311_requested ON open311_request (jurisdiction, requested);  -- grows at its end

-- Where the case stood, and when: what servicerequestupdates shows beside the ends of cases. The
-- sentence is made when it is asked for. Rows go with the report's data.
CREATE TABLE open311_update (
    report  bigint NOT NULL,
    n       integer NOT NULL,           -- version of the stage, intake.h, struct stage_reached
    at      timestamptz NOT NULL,
    stage   smallint NOT NULL,          -- kernel/base/pure_stage.h
    unit    bigint NOT NULL,
    until   timestamptz,
    PRIMARY KEY (report, n)
);
CREATE INDEX open311_updated ON open311_update (at);  -- grows at its end
