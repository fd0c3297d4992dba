-- What must hold after a replay besides rules.sql, asked of the tables alone: a line "name|count" for each
-- rule, where count is the number of places that break it. Expects the temporary table `file`: the
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

SELECT 'a row of the file without a case', count(*)
    FROM wanted AS w WHERE NOT EXISTS (SELECT FROM found AS c WHERE c.source_ref = w.ticket)
UNION ALL SELECT 'a row of the file with two cases', count(*)
    FROM (SELECT source_ref FROM found GROUP BY source_ref HAVING count(*) > 1) AS twice
UNION ALL SELECT 'a case without a row of the file', count(*)
    FROM found AS c WHERE NOT EXISTS (SELECT FROM wanted AS w WHERE w.ticket = c.source_ref)
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
        coalesce(w.ended, w.created) > w.promised + interval '24 h', false);
