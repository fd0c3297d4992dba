-- The clock that deadlines are judged by and transitions are stamped with (DESIGN §6): the drill's where
-- the site is a drill, the server's otherwise. Whoever needs the time asks here and nowhere else.
--
-- STABLE has two meanings, and both are wanted. It reads the site's row in the snapshot of the statement
-- that calls it, so that a drill's clock and the version beside it are of one instant. And it may stand
-- in an index condition, which clock_timestamp() by itself may not. It does not promise that two calls in
-- one statement give the same instant, for the server's clock runs on: ask once, as
-- (SELECT directory.clock()), and use the answer.
CREATE FUNCTION directory.clock() RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((SELECT s.clock FROM directory.site AS s), clock_timestamp());
END
$$;
