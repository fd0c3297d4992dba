-- Tickets that have joined another source's report: whose source has yet to fetch its outcome.
SET search_path TO :"schema";

ALTER TABLE ticket ADD COLUMN owed boolean NOT NULL DEFAULT false;
CREATE INDEX ticket_owed ON ticket (source, report) WHERE owed;

-- … and such whose source has yet to fetch where the case stands.
ALTER TABLE ticket ADD COLUMN awaits boolean NOT NULL DEFAULT false;
CREATE INDEX ticket_awaits ON ticket (source, report) WHERE awaits;
