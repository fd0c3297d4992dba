-- Wrongs that the judge has to find: a line with the name and the rule that must say so (a regular expression on
-- its beginning), and the statements that plant it. Each is planted and taken back in one transaction.

--plant report deleted|lost: a report with
DELETE FROM intake.report WHERE id = (SELECT min(agg) FROM told WHERE result = 'accepted' AND what = 'push');

--plant case deleted|lost: a report with a receipt without its case
DELETE FROM routing.cases WHERE id = (SELECT min(agg) FROM told WHERE result = 'accepted' AND what = 'push');

--plant case doubled|twice: a ticket with two cases
UPDATE routing.cases SET source_ref = (SELECT min(source_ref) FROM routing.cases WHERE source = c.source)
    FROM (SELECT id, source FROM routing.cases WHERE ver > 0 ORDER BY source, source_ref DESC LIMIT 1) AS c
    WHERE cases.id = c.id;

--plant report invented|unasked: a report
UPDATE intake.report SET ref = 'invented' WHERE id = (SELECT min(id) FROM intake.report WHERE ver > 0);

--plant second number told|twice: a ticket that was told two numbers
INSERT INTO told SELECT at + 1, client, phase, op || 'x', what, ticket, agg + 1, result, ver, since, detail
    FROM told WHERE what = 'push' AND result = 'accepted' LIMIT 1;

--plant accepted again|twice: a ticket that was accepted two times
INSERT INTO told SELECT at + 1, client, phase, op || 'x', what, ticket, agg, result, ver, since, detail
    FROM told WHERE what = 'push' AND result = 'accepted' LIMIT 1;

--plant receipt for a wrong report|answer: a wrong report
UPDATE told SET detail = 'B' WHERE phase = 'invoked' AND op = (SELECT op FROM told
    WHERE what = 'push' AND result = 'accepted' LIMIT 1);

--plant push never answered|answer: a push that never
DELETE FROM told WHERE phase = 'done' AND what = 'push' AND ticket = (SELECT min(ticket) FROM told
    WHERE what = 'push');

--plant act lost|lost: an act
DELETE FROM routing.history WHERE convert_from(detail, 'UTF8') = (SELECT min(op) FROM told
    WHERE what = 'routing' AND phase = 'done' AND result = '0');

--plant act done twice|twice: an act
INSERT INTO routing.history SELECT agg, ver + 1000, kind, from_state, to_state, at, unit, due, rule_ver, page,
    idx + 100000, salt, actor, detail FROM routing.history WHERE convert_from(detail, 'UTF8') = (SELECT min(op)
    FROM told WHERE what = 'routing' AND phase = 'done' AND result = '0');

--plant refused act with an effect|unasked: an act that was refused
UPDATE told SET result = '2' WHERE phase = 'done' AND op = (SELECT min(op) FROM told
    WHERE what = 'routing' AND phase = 'done' AND result = '0');

--plant act invented|unasked: an act of staff
DELETE FROM told WHERE op = (SELECT min(op) FROM told WHERE what = 'routing' AND phase = 'done' AND result = '0');

--plant act of a squad lost on its way|lost: what a squad
UPDATE routing.history SET detail = 'nothing' WHERE (agg, ver) IN (SELECT r.agg, r.ver FROM routing.history AS r
    WHERE r.kind = 10 AND NOT EXISTS (SELECT FROM routing.history AS o WHERE o.agg = r.agg AND o.kind IN (11, 12, 13))
    LIMIT 1);

--plant acts of a squad in another order|order: a case that heard
UPDATE routing.history AS h SET detail = o.detail FROM routing.history AS o WHERE h.agg = o.agg
    AND h.kind IN (3, 10) AND o.kind IN (3, 10) AND h.kind <> o.kind AND h.agg = (SELECT a.agg
    FROM routing.history AS a JOIN routing.history AS b USING (agg) WHERE a.kind = 3 AND b.kind = 10
    AND b.ver > a.ver LIMIT 1);

--plant versions swapped|order: versions
UPDATE routing.history AS h SET ver = h.ver + CASE h.ver WHEN 2 THEN 100000 ELSE -1 END
    WHERE h.ver IN (2, 3) AND h.agg = (SELECT agg FROM routing.history WHERE ver = 3 AND kind IN (3, 4) LIMIT 1);
    UPDATE routing.history SET ver = 3 WHERE ver = 100002;

--plant version missing|versions of an aggregate
DELETE FROM routing.history WHERE (agg, ver) = (SELECT agg, 2 FROM routing.history WHERE ver = 3 LIMIT 1);

--plant state shown that never was|read: a version or state
UPDATE told SET result = 'handled', ver = 2 WHERE (op, agg) = (SELECT op, agg FROM told WHERE phase = 'seen'
    AND what = 'routing' AND result = 'dispatched' LIMIT 1);

--plant old state shown|read: older
INSERT INTO told SELECT (SELECT max(at) FROM told) + 2, client, phase, op || 'x', what, ticket, agg, result, ver,
    (SELECT max(at) FROM told) + 1, detail FROM told AS t WHERE phase = 'seen' AND what = 'routing'
    AND EXISTS (SELECT FROM told AS l WHERE l.agg = t.agg AND l.what = t.what AND l.ver > t.ver) LIMIT 1;

--plant wrong outcome told|answer: an outcome
UPDATE told SET result = 'withdrawn' WHERE (op, agg) = (SELECT op, agg FROM told WHERE what = 'fetch'
    AND result = 'closed' LIMIT 1);

--plant outcome given again|twice: an outcome
INSERT INTO told SELECT (SELECT max(at) FROM told) + 2, client, 'seen', op || 'x', 'fetch', ticket, agg,
    'closed', ver, (SELECT max(at) FROM told) + 1, detail FROM told AS t WHERE what = 'ack' AND phase = 'done'
    AND result = 'accepted' LIMIT 1;

--plant end not told|lost: a case that ended
DELETE FROM told WHERE what = 'fetch' AND agg = (SELECT min(agg) FROM told WHERE what = 'fetch');

--plant escalated early|deadline: escalated before
UPDATE routing.history SET at = at - interval '1 hour' WHERE (agg, ver) = (SELECT agg, ver FROM routing.history
    WHERE kind = 7 LIMIT 1);

--plant escalated twice|deadline: escalated twice
INSERT INTO routing.history SELECT agg, ver + v, kind, from_state, to_state, at + interval '2 days' * v, unit,
    NULL, rule_ver, page, idx + 100000 * v, salt, actor, detail FROM routing.history, (VALUES (1000), (1001)) AS n (v)
    WHERE (agg, ver) = (SELECT agg, ver FROM routing.history WHERE kind = 7 LIMIT 1);

--plant number sent and not seen|sent and not seen
UPDATE routing.cases SET sent_intake = sent_intake + 1 WHERE id = (SELECT min(id) FROM routing.cases WHERE ver > 0);

--plant message left over|outbox
INSERT INTO routing.outbox (id, dest, agg, n, type, at, due, payload) VALUES (1, 1, 1, 1, 1, now(), now(), '');

--plant leaf lost|a transition without its leaf
DELETE FROM audit.pages WHERE id = (SELECT page FROM routing.history ORDER BY agg, ver LIMIT 1);

--plant credit of another length|a done need
UPDATE volunteer.credit SET minutes = minutes + 1 WHERE need_id = (SELECT min(need_id) FROM volunteer.credit);

--plant two reports of a ticket|twice: a ticket with two reports
UPDATE intake.report AS r SET source = o.source, ref = o.ref FROM (SELECT source, ref FROM intake.report
    WHERE ver > 0 ORDER BY id LIMIT 1) AS o WHERE r.id = (SELECT max(id) FROM intake.report WHERE ver > 0);

--plant right report refused|answer: a right report
UPDATE told SET result = 'refused' WHERE phase = 'done' AND op = (SELECT min(op) FROM told
    WHERE what = 'push' AND result = 'accepted');

--plant withdrawal lost|lost: a withdrawal
DELETE FROM intake.history WHERE kind = 2 AND agg IN (SELECT agg FROM told
    WHERE what = 'withdraw' AND phase = 'done' AND result = 'accepted');

--plant withdrawal invented|unasked: a withdrawal
DELETE FROM told WHERE what = 'withdraw';

--plant case withdrawn by nobody|unasked: a withdrawn case
UPDATE routing.history SET kind = 12, detail = 'nobody' WHERE (agg, ver) IN (SELECT agg, ver FROM routing.history
    WHERE kind = 6 LIMIT 1);

--plant acknowledged outcome forgotten|lost: an acknowledged outcome
UPDATE intake.report SET outcome_pending = true WHERE id = (SELECT min(agg) FROM told
    WHERE what = 'ack' AND phase = 'done' AND result = 'accepted');

--plant deadline that did not fire|deadline: passed
UPDATE routing.history SET due = due - interval '2 days' WHERE kind = 2 AND agg = (SELECT min(agg) FROM routing.history
    WHERE agg NOT IN (SELECT agg FROM routing.history WHERE kind IN (7, 8)));

--plant report deleted, as its case sees it|a case whose report
DELETE FROM intake.report WHERE id = (SELECT min(id) FROM routing.cases WHERE ver > 0);

--plant case deleted, as its report sees it|a report without its case
DELETE FROM routing.cases WHERE id = (SELECT min(id) FROM intake.report WHERE ver > 0);

--plant version forgotten|an aggregate whose version
UPDATE routing.cases SET ver = ver + 1 WHERE id = (SELECT min(id) FROM routing.cases WHERE ver > 0);

--plant story of nobody|history of an aggregate
UPDATE routing.history SET agg = 1 WHERE agg = (SELECT min(agg) FROM routing.history);

--plant leaf shared|a leaf of two transitions
UPDATE routing.history AS h SET page = o.page, idx = o.idx
    FROM (SELECT page, idx FROM routing.history ORDER BY agg DESC, ver DESC LIMIT 1) AS o
    WHERE (agg, ver) = (SELECT agg, ver FROM routing.history ORDER BY agg, ver LIMIT 1);

--plant leaf left over|leaves more or fewer
DELETE FROM routing.history WHERE (agg, ver) = (SELECT agg, ver FROM routing.history ORDER BY agg, ver LIMIT 1);

--plant place taken away|a page without a place
UPDATE audit.pages SET first_place = NULL WHERE id = (SELECT min(id) FROM audit.pages WHERE ver > 0);

--plant page received twice|a page that was not received once
UPDATE audit.pages SET seen_routing = seen_routing + 1 WHERE id = (SELECT min(id) FROM audit.pages WHERE ver > 0);

--plant head of the ledger moved|head of the ledger
UPDATE audit.head SET size = size + 1;

--plant load one too many|a squad whose load
UPDATE enforcement.squad SET load = load + 1 WHERE id = (SELECT min(id) FROM enforcement.squad);

--plant mission left waiting|a mission that waits
UPDATE enforcement.missions SET state = 1, capability = '', pool = s.pool FROM (SELECT pool FROM enforcement.squad
    WHERE capacity = 0 OR load < capacity LIMIT 1) AS s
    WHERE id = (SELECT min(id) FROM enforcement.missions WHERE ver > 0);

--plant timer left over|a passed deadline
INSERT INTO routing.timer (agg, kind, gen, due) SELECT min(id), 99, 1, now() - interval '1 h' FROM routing.cases;

--plant message that waits|waiting
INSERT INTO routing.waiting (agg, source, n, msg_id, type, at, payload) VALUES (1, 1, 2, 1, 1, now(), '');

--plant letter that nobody settled|dead letters
INSERT INTO routing.dead_letter (agg, source, n, msg_id, type, at, reason, attempts, payload)
    VALUES (1, 1, 1, 1, 1, now(), '', 5, '');

--plant counted once too often|counters: not what the tables hold
UPDATE routing.counter SET value = value + 1 WHERE metric = 1 AND unit = 0 AND matter = 0;

--plant Redis behind|counters: not what Redis shows
UPDATE counted SET value = value - 1 WHERE service = 'intake' AND metric = 0;
