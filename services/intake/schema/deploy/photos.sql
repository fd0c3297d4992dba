-- Photos by the hash of what is kept of them, and which report names which. The files are elsewhere
-- (services/intake/photo). A row is there before the file and goes after it; `kept` says that a
-- report may name it.
SET search_path TO :"schema";

CREATE TABLE photo (
    hash    bytea PRIMARY KEY,                  -- SHA-256
    width   integer NOT NULL,
    height  integer NOT NULL,
    size    integer NOT NULL,                   -- bytes
    kept    boolean NOT NULL DEFAULT false,
    created timestamptz NOT NULL DEFAULT now()  -- or sent again: for a day it stays without a report
);
CREATE INDEX photo_created ON photo (created);

-- They go with the report's data. No foreign key: whoever writes a row here holds the photo's row.
CREATE TABLE report_photo (
    report bigint NOT NULL,
    photo  bytea NOT NULL                       -- twice when two tickets name it
);
CREATE INDEX report_photo_report ON report_photo (report);
CREATE INDEX report_photo_photo ON report_photo (photo);
