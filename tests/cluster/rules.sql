-- What must hold in any site when nothing is under way any more, asked of the tables alone: a line
-- "name|count" for each rule, where count is the number of places that break it. Shares nothing with the
-- services' code.
-- Numbers sent and numbers seen, for every pair of services and every aggregate.
CREATE TEMP VIEW streams (pair, agg, sent, seen) AS
SELECT 'intake-routing', id, a.sent_routing, b.seen_intake
    FROM intake.report AS a FULL JOIN routing.cases AS b USING (id)
UNION ALL SELECT 'routing-intake', id, a.sent_intake, b.seen_routing
    FROM routing.cases AS a FULL JOIN intake.report AS b USING (id)
UNION ALL SELECT 'routing-enforcement', id, a.sent_enforcement, b.seen_routing
    FROM routing.cases AS a FULL JOIN enforcement.missions AS b USING (id)
UNION ALL SELECT 'enforcement-routing', id, a.sent_routing, b.seen_enforcement
    FROM enforcement.missions AS a FULL JOIN routing.cases AS b USING (id)
UNION ALL SELECT 'routing-volunteer', id, a.sent_volunteer, b.seen_routing
    FROM routing.cases AS a FULL JOIN volunteer.needs AS b USING (id)
UNION ALL SELECT 'volunteer-routing', id, a.sent_routing, b.seen_volunteer
    FROM volunteer.needs AS a FULL JOIN routing.cases AS b USING (id);

-- Below these ids a service may have removed rows that another still has.
CREATE TEMP VIEW past (below) AS
SELECT below FROM intake.horizon UNION ALL SELECT below FROM routing.horizon
UNION ALL SELECT below FROM enforcement.horizon UNION ALL SELECT below FROM volunteer.horizon;

CREATE TEMP VIEW rows (service, agg, ver) AS
SELECT 1, id, ver FROM intake.report UNION ALL SELECT 2, id, ver FROM routing.cases
UNION ALL SELECT 3, id, ver FROM enforcement.missions UNION ALL SELECT 4, id, ver FROM volunteer.needs;

-- Leaves whose history went by age ([keep]): of rows without data, and of removed ones.
CREATE TEMP VIEW gone (service, leaves) AS
SELECT service, -ver::bigint FROM rows WHERE ver < 0
UNION ALL SELECT 1, leaves FROM intake.horizon UNION ALL SELECT 2, leaves FROM routing.horizon
UNION ALL SELECT 3, leaves FROM enforcement.horizon UNION ALL SELECT 4, leaves FROM volunteer.horizon;

-- A skip may have left a row about an aggregate without data; its leaf is counted there.
CREATE TEMP TABLE story AS SELECT s.* FROM (
SELECT 1 AS service, agg, ver, page, idx FROM intake.history
UNION ALL SELECT 2, agg, ver, page, idx FROM routing.history
UNION ALL SELECT 3, agg, ver, page, idx FROM enforcement.history
UNION ALL SELECT 4, agg, ver, page, idx FROM volunteer.history) AS s
WHERE NOT EXISTS (SELECT FROM rows AS r WHERE r.service = s.service AND r.agg = s.agg AND r.ver < 0);

CREATE TEMP TABLE page AS
SELECT id, ver, source, count, first_place,
    seen_intake + seen_routing + seen_enforcement + seen_volunteer AS seen,
    sum(count) OVER (ORDER BY first_place, id) - count AS before
FROM audit.pages;

SELECT 'a case whose report is missing', count(*)
    FROM routing.cases AS c WHERE c.ver > 0
        AND NOT EXISTS (SELECT FROM intake.report AS r WHERE r.id = c.id AND r.ver <> 0)
UNION ALL SELECT 'a report without its case', count(*)
    FROM intake.report AS r WHERE r.ver > 0
        AND NOT EXISTS (SELECT FROM routing.cases AS c WHERE c.id = r.id AND c.ver <> 0)
UNION ALL SELECT 'sent and not seen, or the other way: ' || pair,
    count(*) FILTER (WHERE coalesce(sent, 0) <> coalesce(seen, 0))
    FROM streams AS s WHERE NOT EXISTS (SELECT FROM past AS p
        WHERE s.agg >> 48 = p.below >> 48 AND s.agg < p.below) GROUP BY pair
UNION ALL SELECT 'versions of an aggregate that are not 1 to n', count(*)
    FROM (SELECT service, agg FROM story GROUP BY service, agg
        HAVING min(ver) <> 1 OR max(ver) <> count(*)) AS gap
UNION ALL SELECT 'an aggregate whose version is not that of its history', count(*)
    FROM rows AS r LEFT JOIN (SELECT service, agg, max(ver) AS ver FROM story GROUP BY service, agg) AS s
    USING (service, agg) WHERE r.ver >= 0 AND r.ver <> coalesce(s.ver, 0)
UNION ALL SELECT 'history of an aggregate that is not there', count(*)
    FROM story AS s WHERE NOT EXISTS (SELECT FROM rows AS r WHERE r.service = s.service AND r.agg = s.agg)
UNION ALL SELECT 'a transition without its leaf', count(*)
    FROM story AS s LEFT JOIN page AS p ON p.id = s.page AND p.source = s.service
    WHERE p.id IS NULL OR p.ver <> 1 OR s.idx NOT BETWEEN 0 AND p.count - 1
UNION ALL SELECT 'a leaf of two transitions', count(*)
    FROM (SELECT FROM story GROUP BY page, idx HAVING count(*) > 1) AS twice
UNION ALL SELECT 'leaves more or fewer than transitions',
    abs((SELECT coalesce(sum(count), 0) FROM page) - (SELECT count(*) FROM story)
        - (SELECT coalesce(sum(leaves), 0) FROM gone))::bigint
UNION ALL SELECT 'a page without a place, or with a gap before it', count(*)
    FROM page WHERE first_place IS DISTINCT FROM before
UNION ALL SELECT 'a page that was not received once', count(*) FROM page WHERE seen <> 1
UNION ALL SELECT 'head of the ledger elsewhere than behind the last leaf', count(*)
    FROM audit.head WHERE size <> (SELECT coalesce(sum(count), 0) FROM page)
UNION ALL SELECT 'a report whose ticket has another instant', count(*)
    FROM intake.report AS r JOIN intake.ticket AS t ON t.source = r.source AND t.ref = r.ref
    WHERE r.ver > 0 AND (t.report <> r.id OR t.at <> r.accepted)
UNION ALL SELECT 'a done need without its credit, or with another', count(*)
    FROM (SELECT id, minutes FROM volunteer.needs WHERE state = 3) AS d
    FULL JOIN volunteer.credit AS c ON c.need_id = d.id WHERE d.minutes IS DISTINCT FROM c.minutes
        AND EXISTS (SELECT FROM volunteer.needs AS n WHERE n.id = coalesce(d.id, c.need_id) AND n.ver > 0)
UNION ALL SELECT 'a squad whose load is not that of its missions', count(*)
    FROM enforcement.squad AS s WHERE s.load <> (SELECT count(*) FROM enforcement.missions AS m
        WHERE m.squad = s.id AND m.state BETWEEN 2 AND 4)
UNION ALL SELECT 'a mission that waits while a squad of its street is free', count(*)
    FROM enforcement.missions AS m WHERE m.state = 1 AND EXISTS (SELECT FROM enforcement.squad AS s
        WHERE s.pool = m.pool AND (m.capability = '' OR m.capability = ANY (s.capabilities))
            AND (s.capacity = 0 OR s.load < s.capacity))
UNION ALL SELECT 'a passed deadline that did not fire', count(*)
    FROM routing.timer WHERE due < (SELECT coalesce(clock, now() - interval '3 s') FROM directory.site)
UNION ALL SELECT 'outbox', (SELECT count(*) FROM intake.outbox) + (SELECT count(*) FROM routing.outbox) +
    (SELECT count(*) FROM enforcement.outbox) + (SELECT count(*) FROM volunteer.outbox) +
    (SELECT count(*) FROM audit.outbox)
UNION ALL SELECT 'waiting', (SELECT count(*) FROM intake.waiting) + (SELECT count(*) FROM routing.waiting) +
    (SELECT count(*) FROM enforcement.waiting) + (SELECT count(*) FROM volunteer.waiting) +
    (SELECT count(*) FROM audit.waiting)
UNION ALL SELECT 'dead letters', (SELECT count(*) FROM intake.dead_letter) +
    (SELECT count(*) FROM routing.dead_letter) + (SELECT count(*) FROM enforcement.dead_letter) +
    (SELECT count(*) FROM volunteer.dead_letter) + (SELECT count(*) FROM audit.dead_letter);
