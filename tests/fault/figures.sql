-- The figures of a run, "name|number"; reads `told` as judge.sql does.
SELECT 'reports accepted', count(*) FROM intake.report WHERE ver > 0;
SELECT 'cases closed, withdrawn, referred out', count(*) FROM routing.cases WHERE state IN (6, 7, 8);
SELECT 'messages between services', (SELECT sum(seen_routing) FROM intake.report)
    + (SELECT sum(seen_intake + seen_enforcement + seen_volunteer) FROM routing.cases)
    + (SELECT coalesce(sum(seen_routing), 0) FROM enforcement.missions)
    + (SELECT coalesce(sum(seen_routing), 0) FROM volunteer.needs)
    + (SELECT count(*) FROM audit.pages WHERE ver > 0);
SELECT 'actions of clients', count(*) FROM told WHERE phase = 'invoked';
SELECT 'of them without an answer at first', count(*) FROM told WHERE phase = 'done' AND result = 'unknown';
SELECT 'states that were shown and checked', count(*) FROM told WHERE phase = 'seen';
SELECT 'escalations', count(*) FROM routing.history WHERE kind IN (7, 8);
SELECT 'escalation latest after its deadline, ms', coalesce((extract(epoch FROM max(f.at - d.due)) * 1000)::bigint, 0)
    FROM routing.history AS f CROSS JOIN LATERAL (SELECT h.due FROM routing.history AS h
        WHERE h.agg = f.agg AND h.ver < f.ver AND h.due IS NOT NULL ORDER BY h.ver DESC LIMIT 1) AS d
    WHERE f.kind IN (7, 8);
