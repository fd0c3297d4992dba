-- Services read the directory and attach to the site; huyingctl writes it and reads everything. The
-- roles themselves are made by `huyingctl migrate`, which also keeps their passwords.
REVOKE ALL ON SCHEMA directory FROM PUBLIC;
REVOKE ALL ON FUNCTION directory.site_attach(bigint), directory.site_restored(), directory.clock()
    FROM PUBLIC;

GRANT USAGE ON SCHEMA directory
    TO huying_intake, huying_routing, huying_enforcement, huying_volunteer, huying_audit, huying_ctl;
GRANT SELECT ON ALL TABLES IN SCHEMA directory
    TO huying_intake, huying_routing, huying_enforcement, huying_volunteer, huying_audit, huying_ctl;
GRANT EXECUTE ON FUNCTION directory.site_attach(bigint), directory.clock()
    TO huying_intake, huying_routing, huying_enforcement, huying_volunteer, huying_audit, huying_ctl;
ALTER DEFAULT PRIVILEGES IN SCHEMA directory GRANT SELECT ON TABLES
    TO huying_intake, huying_routing, huying_enforcement, huying_volunteer, huying_audit, huying_ctl;

GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA directory TO huying_ctl;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA directory TO huying_ctl;
GRANT EXECUTE ON FUNCTION directory.site_restored() TO huying_ctl;
ALTER DEFAULT PRIVILEGES IN SCHEMA directory GRANT INSERT, UPDATE, DELETE ON TABLES TO huying_ctl;
ALTER DEFAULT PRIVILEGES IN SCHEMA directory GRANT USAGE ON SEQUENCES TO huying_ctl;
GRANT pg_read_all_data TO huying_ctl;
