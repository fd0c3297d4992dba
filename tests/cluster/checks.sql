-- What must hold when nothing is under way any more, asked of the tables alone: a line "name|count" for
-- each rule, where count is the number of places that break it. Expects the temporary table `file`: the
-- replayed file as text columns, and `n`, the number of its row. Shares nothing with the services' code.
CREATE TEMP TABLE wanted AS
SELECT ticket, status, created, promised, greatest(ended, created) AS ended
FROM (SELECT DISTINCT ON (btrim("SRNumber")) btrim("SRNumber") AS ticket, btrim("Status") AS status,
        to_timestamp(btrim("CreatedDate"), 'MM/DD/YYYY HH12:MI:SS AM')::timestamp AS created,
        to_timestamp(nullif(btrim("ServiceDate"), ''), 'MM/DD/YYYY HH12:MI:SS AM')::timestamp AS promised,
        to_timestamp(nullif(btrim("ClosedDate"), ''), 'MM/DD/YYYY HH12:MI:SS AM')::timestamp AS ended
    FROM file
    WHERE btrim("SRNumber") <> '' AND btrim("CreatedDate") ~ '^\d\d?/\d\d?/\d{4} .*[AP]M$'
    ORDER BY btrim("SRNumber"), n) AS f;

CREATE TEMP VIEW found AS
SELECT c.*, timezone('UTC', c.ended_at) + s.utc_offset_s * interval '1 s' AS ended
FROM routing.cases AS c CROSS JOIN directory.site AS s WHERE c.ver > 0;

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

CREATE TEMP VIEW rows (service, agg, ver) AS
SELECT 1, id, ver FROM intake.report UNION ALL SELECT 2, id, ver FROM routing.cases
UNION ALL SELECT 3, id, ver FROM enforcement.missions UNION ALL SELECT 4, id, ver FROM volunteer.needs;

CREATE TEMP TABLE story AS
SELECT 1 AS service, agg, ver, page, idx FROM intake.history
UNION ALL SELECT 2, agg, ver, page, idx FROM routing.history
UNION ALL SELECT 3, agg, ver, page, idx FROM enforcement.history
UNION ALL SELECT 4, agg, ver, page, idx FROM volunteer.history;

CREATE TEMP TABLE page AS
SELECT id, ver, source, count, first_place,
    seen_intake + seen_routing + seen_enforcement + seen_volunteer AS seen,
    sum(count) OVER (ORDER BY first_place, id) - count AS before
FROM audit.pages;

SELECT 'a row of the file without a case', count(*)
    FROM wanted AS w WHERE NOT EXISTS (SELECT FROM found AS c WHERE c.source_ref = w.ticket)
UNION ALL SELECT 'a row of the file with two cases', count(*)
    FROM (SELECT source_ref FROM found GROUP BY source_ref HAVING count(*) > 1) AS twice
UNION ALL SELECT 'a case without a row of the file', count(*)
    FROM found AS c WHERE NOT EXISTS (SELECT FROM wanted AS w WHERE w.ticket = c.source_ref)
UNION ALL SELECT 'a case whose report is missing', count(*)
    FROM found AS c WHERE NOT EXISTS (SELECT FROM intake.report AS r WHERE r.id = c.id AND r.ver > 0)
UNION ALL SELECT 'a report without its case', count(*)
    FROM intake.report AS r WHERE r.ver > 0 AND NOT EXISTS (SELECT FROM found AS c WHERE c.id = r.id)
UNION ALL SELECT 'a case that ended otherwise than in the file', count(*)
    FROM wanted AS w JOIN found AS c ON c.source_ref = w.ticket
    WHERE CASE w.status WHEN 'Closed' THEN c.state <> 6 WHEN 'Cancelled' THEN c.state <> 7
        WHEN 'Referred Out' THEN c.state <> 8 ELSE c.state NOT BETWEEN 1 AND 5 END
UNION ALL SELECT 'a case that ended at another time than in the file', count(*)
    FROM wanted AS w JOIN found AS c ON c.source_ref = w.ticket
    WHERE w.status = 'Closed' AND c.ended IS DISTINCT FROM coalesce(w.ended, w.created)
UNION ALL SELECT 'a case whose overdue is not that of the file', count(*)
    FROM wanted AS w JOIN found AS c ON c.source_ref = w.ticket
    WHERE c.overdue <> coalesce(w.status = 'Closed' AND
        coalesce(w.ended, w.created) > w.promised + interval '24 h', false)
UNION ALL SELECT 'sent and not seen, or the other way: ' || pair,
    count(*) FILTER (WHERE coalesce(sent, 0) <> coalesce(seen, 0))
    FROM streams GROUP BY pair
UNION ALL SELECT 'versions of an aggregate that are not 1 to n', count(*)
    FROM (SELECT service, agg FROM story GROUP BY service, agg
        HAVING min(ver) <> 1 OR max(ver) <> count(*)) AS gap
UNION ALL SELECT 'an aggregate whose version is not that of its history', count(*)
    FROM rows AS r LEFT JOIN (SELECT service, agg, max(ver) AS ver FROM story GROUP BY service, agg) AS s
    USING (service, agg) WHERE r.ver <> coalesce(s.ver, 0)
UNION ALL SELECT 'history of an aggregate that is not there', count(*)
    FROM story AS s WHERE NOT EXISTS (SELECT FROM rows AS r WHERE r.service = s.service AND r.agg = s.agg)
UNION ALL SELECT 'a transition without its leaf', count(*)
    FROM story AS s LEFT JOIN page AS p ON p.id = s.page AND p.source = s.service
    WHERE p.id IS NULL OR p.ver <> 1 OR s.idx NOT BETWEEN 0 AND p.count - 1
UNION ALL SELECT 'a leaf of two transitions', count(*)
    FROM (SELECT FROM story GROUP BY page, idx HAVING count(*) > 1) AS twice
UNION ALL SELECT 'leaves more or fewer than transitions',
    abs((SELECT coalesce(sum(count), 0) FROM page) - (SELECT count(*) FROM story))::bigint
UNION ALL SELECT 'a page without a place, or with a gap before it', count(*)
    FROM page WHERE first_place IS DISTINCT FROM before
UNION ALL SELECT 'a page that was not received once', count(*) FROM page WHERE seen <> 1
UNION ALL SELECT 'head of the ledger elsewhere than behind the last leaf', count(*)
    FROM audit.head WHERE size <> (SELECT coalesce(sum(count), 0) FROM page)
UNION ALL SELECT 'a done need without its credit, or with another', count(*)
    FROM (SELECT id, minutes FROM volunteer.needs WHERE state = 3) AS d
    FULL JOIN volunteer.credit AS c ON c.need_id = d.id WHERE d.minutes IS DISTINCT FROM c.minutes
UNION ALL SELECT 'a squad whose load is not that of its missions', count(*)
    FROM enforcement.squad AS s WHERE s.load <> (SELECT count(*) FROM enforcement.missions AS m
        WHERE m.squad = s.id AND m.state BETWEEN 2 AND 4)
UNION ALL SELECT 'a mission that waits while a squad of its street is free', count(*)
    FROM enforcement.missions AS m WHERE m.state = 1 AND EXISTS (SELECT FROM enforcement.squad AS s
        WHERE s.pool = m.pool AND (m.capability = '' OR m.capability = ANY (s.capabilities))
            AND (s.capacity = 0 OR s.load < s.capacity))
UNION ALL SELECT 'a passed deadline that did not fire', count(*)
    FROM routing.timer WHERE due < (SELECT clock FROM directory.site)
UNION ALL SELECT 'outbox', (SELECT count(*) FROM intake.outbox) + (SELECT count(*) FROM routing.outbox) +
    (SELECT count(*) FROM enforcement.outbox) + (SELECT count(*) FROM volunteer.outbox) +
    (SELECT count(*) FROM audit.outbox)
UNION ALL SELECT 'waiting', (SELECT count(*) FROM intake.waiting) + (SELECT count(*) FROM routing.waiting) +
    (SELECT count(*) FROM enforcement.waiting) + (SELECT count(*) FROM volunteer.waiting) +
    (SELECT count(*) FROM audit.waiting)
UNION ALL SELECT 'dead letters', (SELECT count(*) FROM intake.dead_letter) +
    (SELECT count(*) FROM routing.dead_letter) + (SELECT count(*) FROM enforcement.dead_letter) +
    (SELECT count(*) FROM volunteer.dead_letter) + (SELECT count(*) FROM audit.dead_letter);
