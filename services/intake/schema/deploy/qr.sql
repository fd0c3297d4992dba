-- Codes that people scan. A code is a row of `report` in the states 5 and 6, where it is made, changed and withdrawn; here is
-- what it shows, written once. Nothing personal: the card of a person in care stands sealed in `person`. No token either: that
-- is made of the id and a key that is in no database (services/intake/qr.h).
SET search_path TO :"schema";

CREATE TABLE qr (
    report  bigint PRIMARY KEY,
    kind    smallint NOT NULL,  -- 1 place, 2 person
    name    text NOT NULL,      -- of the place; '' of a person
    matters text NOT NULL,      -- codes, a line each; the first is preset
    north   integer,            -- millionths of a degree; NULL: the unit alone
    east    integer
);
