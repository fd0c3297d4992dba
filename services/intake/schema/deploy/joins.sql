-- Tickets that have joined another source's report: whose source has yet to fetch its outcome.
SET search_path TO :"schema";

ALTER TABLE ticket ADD COLUMN owed boolean NOT NULL DEFAULT false;
CREATE INDEX ticket_owed ON ticket (source, report) WHERE owed;
