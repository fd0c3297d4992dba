-- Nonces of signed requests, each once. Rows go after a quarter of an hour and more: a timestamp is
-- taken at most five minutes before and after this machine's time (vendor/sign.h).
SET search_path TO :"schema";

CREATE TABLE nonce (
    name text PRIMARY KEY,                   -- vendor/key/nonce
    at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX nonce_at ON nonce (at);         -- grows at its end
