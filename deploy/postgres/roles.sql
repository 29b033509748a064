-- Roles of a MIG platform on PostgreSQL, each with the least it needs. Plain SQL for a superuser, in the platform's database.
-- It may be run again, and has to be after an update that changed the schema:
--
--   1. psql -d mig -f roles.sql                         makes the roles; then give passwords: \password migscheduler ...
--   2. ALTER DATABASE mig OWNER TO migadmin             the owner makes and changes the schema, and takes over an old one
--   3. open the database once as migadmin               any program of the platform makes the schema
--   4. psql -d mig -f roles.sql                         gives the rights
--
-- The names are the original's. The schema 'original', where a database of the original is kept, is for migadmin alone.
-- Connections of our programs have a statement timeout of their own; those of the roles are for other programs.

DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['migadmin', 'migscheduler', 'migapi'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', role);
        END IF;
    END LOOP;
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'migreadonly') THEN
        CREATE ROLE migreadonly NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
    END IF;
END
$$;

ALTER ROLE migscheduler SET statement_timeout = '30s';
ALTER ROLE migapi SET statement_timeout = '30s';
ALTER ROLE migreadonly SET statement_timeout = '30s';
ALTER ROLE migscheduler SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE migapi SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE migreadonly SET idle_in_transaction_session_timeout = '60s';

DO $$
DECLARE
    name text;
BEGIN
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', current_schema());
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA %I TO migadmin', current_schema());
    IF NOT EXISTS (SELECT 1 FROM pg_tables WHERE tablename = 'mig_schema' AND schemaname = current_schema()) THEN
        RAISE NOTICE 'There is no schema yet: open the database as migadmin, then run this again';
        RETURN;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO migscheduler, migapi, migreadonly', current_schema());

    -- Begin with nothing, so that what is taken out of this file is taken away. Rights on columns go with those on tables.
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP
        EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, migscheduler, migapi, migreadonly', name);
    END LOOP;

    -- Everybody looks whether the schema is the right one.
    GRANT SELECT ON mig_schema TO migscheduler, migapi, migreadonly;

    -- Who reports: everything but keys and secrets.
    GRANT SELECT ON actions, agents, commands, results, signatures TO migreadonly;
    GRANT SELECT (id, name, fingerprint, public_key, status, created_at, last_modified, permissions)
        ON investigators TO migreadonly;

    -- The scheduler: claims, launches, records, expires, and deletes what is old. It adds itself as investigator and reads
    -- public keys; rights and API keys are not its business.
    GRANT SELECT ON owners, stamps, actions, agents, commands, results, signatures TO migscheduler;
    GRANT SELECT (id, name, fingerprint, public_key, status, created_at, last_modified, permissions)
        ON investigators TO migscheduler;
    GRANT INSERT (name, fingerprint, public_key, status, created_at, last_modified) ON investigators TO migscheduler;
    GRANT INSERT, UPDATE, DELETE ON owners TO migscheduler;
    GRANT UPDATE ON stamps TO migscheduler;
    GRANT INSERT, DELETE ON actions, agents, commands, results, signatures TO migscheduler;
    GRANT UPDATE (status, reason, owner, start_time, finish_time, last_update_time) ON actions TO migscheduler;
    GRANT UPDATE (status, heartbeat_time, destruction_time) ON agents TO migscheduler;
    GRANT UPDATE (status, finish_time, end_stamp, found, late_status, handover, owner, due) ON commands TO migscheduler;

    -- The API: takes actions and cancels them, hears heartbeats, manages investigators. It launches nothing, writes no
    -- results, deletes nothing of what was asked, and never sees a private key.
    GRANT SELECT ON stamps, actions, agents, commands, results, signatures TO migapi;
    GRANT SELECT (id, name, fingerprint, public_key, status, created_at, last_modified, permissions, api_key, api_salt)
        ON investigators TO migapi;
    GRANT INSERT (name, fingerprint, public_key, status, created_at, last_modified, permissions, api_key, api_salt)
        ON investigators TO migapi;
    GRANT UPDATE (status, last_modified, permissions, api_key, api_salt) ON investigators TO migapi;
    -- A column of a later schema.
    IF EXISTS (SELECT 1 FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name = 'investigators' AND column_name = 'api_prefix') THEN
        GRANT SELECT (api_prefix), INSERT (api_prefix), UPDATE (api_prefix) ON investigators TO migapi;
    END IF;
    GRANT UPDATE ON stamps TO migapi;
    GRANT INSERT ON actions, agents, signatures TO migapi;
    GRANT UPDATE (status, finish_time, last_update_time) ON actions TO migapi;
    GRANT UPDATE (status, finish_time, end_stamp) ON commands TO migapi;
    GRANT UPDATE (status, heartbeat_time) ON agents TO migapi;
    -- Invitations and keys of agents that have no broker: the API lets them in, and forgets invitations that are over.
    GRANT SELECT, INSERT, UPDATE, DELETE ON invitations TO migapi;
    GRANT SELECT, INSERT, DELETE ON enrolled_agents TO migapi;
END
$$;
