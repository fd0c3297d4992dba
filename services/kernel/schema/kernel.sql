-- The kernel's tables, the same in every service's schema (:"schema"). PROTOCOL rule numbers in brackets.
-- Queue-like tables know INSERT and set-based DELETE; the hot path never scans them.

CREATE TABLE outbox (                       -- [1, 6] sent, not yet acknowledged
    id          bigint PRIMARY KEY,         -- message id, drawn from id_block
    dest        smallint NOT NULL,
    agg         bigint NOT NULL,
    n           bigint NOT NULL,
    type        integer NOT NULL,
    at          timestamptz NOT NULL,       -- the decision's now
    due         timestamptz NOT NULL,       -- when the sweep sends it again
    tries       integer NOT NULL DEFAULT 0,
    dest_site   smallint NOT NULL DEFAULT 0,
    acked       timestamptz,                -- other sites only: kept for the retention
    payload     bytea NOT NULL
);
CREATE INDEX outbox_due ON outbox (dest, due, id) WHERE acked IS NULL;
-- Only of what was sent again: nothing on the way that all messages take.
CREATE INDEX outbox_again ON outbox (dest, agg, n) WHERE tries > 0 AND acked IS NULL;

CREATE TABLE waiting (                      -- [2] came before its turn; acknowledged
    agg         bigint NOT NULL,
    source      smallint NOT NULL,
    source_site smallint NOT NULL DEFAULT 0,
    n           bigint NOT NULL,
    msg_id      bigint NOT NULL,
    type        integer NOT NULL,
    at          timestamptz NOT NULL,
    arrived     timestamptz NOT NULL DEFAULT now(),
    payload     bytea NOT NULL,
    PRIMARY KEY (agg, source, source_site, n)
);

CREATE TABLE dead_letter (                  -- [7] cannot be applied; acknowledged; replay or skip
    agg         bigint NOT NULL,
    source      smallint NOT NULL,
    source_site smallint NOT NULL DEFAULT 0,
    n           bigint NOT NULL,
    msg_id      bigint NOT NULL,
    type        integer NOT NULL,
    at          timestamptz NOT NULL,
    arrived     timestamptz NOT NULL DEFAULT now(),
    reason      text NOT NULL,
    attempts    integer NOT NULL,
    payload     bytea NOT NULL,
    PRIMARY KEY (agg, source, source_site, n)
);

CREATE TABLE timer (                        -- [8] changed only under the aggregate's lock
    agg         bigint NOT NULL,
    kind        smallint NOT NULL,
    gen         bigint NOT NULL,            -- the aggregate's version when it was set
    due         timestamptz NOT NULL,
    PRIMARY KEY (agg, kind)
);
CREATE INDEX timer_due ON timer (due);      -- not with agg: it would be taken for the key's

CREATE TABLE clock_anchor (                 -- the server's clock as this service trusts it; a few rows
    boot        text PRIMARY KEY,           -- of a machine that runs instances; its monotonic clock is meant
    low         bigint NOT NULL,            -- server's clock minus monotonic clock, milliseconds: between
    high        bigint NOT NULL,
    trust       bigint NOT NULL,            -- directory.site.clock_trust that it stands for
    at          timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE attempt (                      -- [7] batches under way; one whose session is gone has failed
    id          bigint PRIMARY KEY,
    session     bigint NOT NULL,            -- key of the advisory lock that the connection holds
    at          timestamptz NOT NULL DEFAULT now(),
    messages    bigint[] NOT NULL
);
CREATE TABLE suspect (                      -- [7] messages of failed attempts; run alone from then on
    msg_id      bigint PRIMARY KEY,
    attempts    integer NOT NULL,
    last        timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE command (                      -- answers to people; the same request id gets the same answer
    peer        text NOT NULL,
    request_id  text NOT NULL,
    digest      bytea NOT NULL,             -- of type, aggregate, actor and payload
    agg         bigint NOT NULL,
    verdict     smallint NOT NULL,
    reason      integer NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),
    answer      bytea NOT NULL,
    PRIMARY KEY (peer, request_id)
);
CREATE INDEX command_at ON command (at);    -- [10] they go by age; grows at its end only

CREATE TABLE history (                      -- one row per transition; the aggregate's story
    agg         bigint NOT NULL,
    ver         integer NOT NULL,
    kind        smallint NOT NULL,
    from_state  smallint NOT NULL,
    to_state    smallint NOT NULL,
    at          timestamptz NOT NULL,
    unit        bigint NOT NULL,
    due         timestamptz,
    rule_ver    bigint NOT NULL,
    page        bigint NOT NULL,            -- the ledger page that carries its leaf, and where in it
    idx         integer NOT NULL,
    salt        bytea,                      -- NULL: forgotten; the leaf stays provable
    actor       text,
    detail      bytea,
    PRIMARY KEY (agg, ver)
);

CREATE TABLE counter (                      -- [13] folded from the deltas
    metric      smallint NOT NULL,
    unit        bigint NOT NULL,            -- 0 = all
    matter      integer NOT NULL,           -- 0 = all
    value       bigint NOT NULL,
    fold        bigint NOT NULL,            -- number of the fold that wrote it
    PRIMARY KEY (metric, unit, matter)
) WITH (fillfactor = 10);                   -- rewritten by every fold: nine versions before an index entry more
CREATE TABLE counter_kept (                 -- [10] what aggregates count for whose data has gone
    metric      smallint NOT NULL,
    unit        bigint NOT NULL,            -- where it was placed; 0 = none
    matter      integer NOT NULL,
    value       bigint NOT NULL,
    PRIMARY KEY (metric, unit, matter)
);
CREATE TABLE counter_delta (                -- one row per batch
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    metrics     smallint[] NOT NULL,
    units       bigint[] NOT NULL,
    matters     integer[] NOT NULL,
    amounts     bigint[] NOT NULL
);
CREATE TABLE counter_head (                 -- one row: who holds it folds
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    fold        bigint NOT NULL
);
INSERT INTO counter_head (fold) VALUES (0);

CREATE TABLE id_block (                     -- one row: the next free counter of ids [9: jumps]
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    next        bigint NOT NULL,
    incarnation bigint NOT NULL
);
INSERT INTO id_block (next, incarnation) VALUES (1, 0);

CREATE TABLE period (                       -- [10] noted once a month: ids below were minted by then
    minter      smallint NOT NULL,
    below       bigint NOT NULL,            -- an id of that minter
    noted       timestamptz NOT NULL,
    PRIMARY KEY (minter, below)
);
CREATE TABLE horizon (                      -- [10] rows of aggregates below it are removed for good
    minter      smallint PRIMARY KEY,
    below       bigint NOT NULL,
    settled     timestamptz,                -- an instant after its commit; NULL: nothing is deleted yet
    removed     bigint NOT NULL DEFAULT 0,  -- rows deleted so far
    leaves      bigint NOT NULL DEFAULT 0   -- that the ledger has of them
);
-- The aggregates that the statements of one transaction are about (store/life.c).
CREATE FUNCTION chosen() RETURNS bigint[] LANGUAGE sql STABLE AS
    $$ SELECT string_to_array(current_setting('huying.chosen'), ',')::bigint[] $$;

CREATE TABLE site_stream (                  -- [1, 16] numbers to and from other sites
    agg         bigint NOT NULL,
    site        smallint NOT NULL,
    service     smallint NOT NULL,
    sent        bigint NOT NULL DEFAULT 0,
    seen        bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (agg, site, service)
);
