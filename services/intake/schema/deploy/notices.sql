-- To which of a report's reporters a notice has gone: when one of them cannot be reached, the others
-- are not told again at the next try.
SET search_path TO :"schema";

ALTER TABLE delivery ADD COLUMN told bigint NOT NULL DEFAULT 0; -- a bit for each, in their order
