-- Nobody counts leases over all senders: each counts its own tries.
SET search_path TO :"schema";

DROP INDEX delivery_leased;
