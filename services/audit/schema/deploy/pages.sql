-- The ledger: pages of leaves as they came, the place of each in the one order, and the head of the tree.
-- A row of pages is the aggregate of services/audit/audit.h; its id was minted by the service that sent it.
-- A page is written twice and then never again: when it comes (without a place), and when it gets its place.
SET search_path TO :"schema";

CREATE SEQUENCE arrival AS bigint CACHE 1;

CREATE TABLE pages (
    id               bigint PRIMARY KEY,
    seen_intake      bigint NOT NULL DEFAULT 0,
    seen_routing     bigint NOT NULL DEFAULT 0,
    seen_enforcement bigint NOT NULL DEFAULT 0,
    seen_volunteer   bigint NOT NULL DEFAULT 0,
    arrival          bigint NOT NULL DEFAULT nextval('arrival'), -- order in which places are given
    first_place      bigint CHECK (first_place >= 0), -- of its first leaf; NULL: not placed yet
    ver              integer NOT NULL DEFAULT 0,      -- 0: a stub, 1: the page is there
    count            integer NOT NULL DEFAULT 0,      -- leaves; 0 in a page that an operator skipped
    source           smallint,                        -- the service whose leaves they are
    leaves           bytea,                           -- leaf.Page, the bytes as they came
    hashes           bytea                            -- 32 bytes a leaf: SHA-256(0x00 || leaf)
);
-- Hashes and salted rests do not compress; trying costs more than the insertion.
ALTER TABLE pages ALTER COLUMN leaves SET STORAGE EXTERNAL, ALTER COLUMN hashes SET STORAGE EXTERNAL;

CREATE INDEX pages_unplaced ON pages (arrival) WHERE first_place IS NULL AND ver > 0;
CREATE UNIQUE INDEX pages_place ON pages (first_place) WHERE count > 0;

-- One row: who holds it gives places. Its key is what it grows by, so that the newest entry of the
-- index is the row, however many dead ones somebody's snapshot keeps.
CREATE TABLE head (
    size        bigint PRIMARY KEY,      -- leaves that have a place: 0 … size - 1
    frontier    bytea NOT NULL           -- roots of the perfect subtrees, largest first (base/merkle.h)
);
INSERT INTO head (size, frontier) VALUES (0, '');
