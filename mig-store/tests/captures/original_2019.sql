-- The schema of the original, 2019.

CREATE SEQUENCE investigators_id_seq;
CREATE SEQUENCE loaders_id_seq;
CREATE SEQUENCE manifests_id_seq;

CREATE TABLE actions (
    id             numeric PRIMARY KEY,
    name           character varying(2048) NOT NULL,
    target         character varying(2048) NOT NULL,
    description    json,
    threat         json,
    operations     json,
    validfrom      timestamp with time zone NOT NULL,
    expireafter    timestamp with time zone NOT NULL,
    starttime      timestamp with time zone,
    finishtime     timestamp with time zone,
    lastupdatetime timestamp with time zone,
    status         character varying(256),
    syntaxversion  integer,
    pgpsignatures  character varying(4096) NOT NULL
);

CREATE TABLE agents (
    id              numeric PRIMARY KEY,
    name            character varying(2048) NOT NULL,
    queueloc        character varying(2048) NOT NULL,
    mode            character varying(2048) NOT NULL,
    version         character varying(2048) NOT NULL,
    pid             integer NOT NULL,
    starttime       timestamp with time zone NOT NULL,
    destructiontime timestamp with time zone,
    heartbeattime   timestamp with time zone NOT NULL,
    refreshtime     timestamp with time zone NOT NULL,
    status          character varying(255),
    environment     json,
    tags            json,
    loadername      character varying(2048)
);
CREATE INDEX agents_heartbeattime_idx ON agents (heartbeattime DESC);
CREATE INDEX agents_starttime_idx ON agents (starttime DESC);
CREATE INDEX agents_queueloc_pid_idx ON agents (queueloc, pid);
CREATE INDEX agents_status_idx ON agents (status);

CREATE TABLE agents_stats (
    "timestamp"              timestamp with time zone NOT NULL,
    online_agents            numeric,
    online_agents_by_version json,
    online_endpoints         numeric,
    idle_agents              numeric,
    idle_agents_by_version   json,
    idle_endpoints           numeric,
    new_endpoints            numeric,
    multi_agents_endpoints   numeric,
    disappeared_endpoints    numeric,
    flapping_endpoints       numeric
);

CREATE TABLE commands (
    id         numeric PRIMARY KEY,
    actionid   numeric NOT NULL REFERENCES actions (id),
    agentid    numeric NOT NULL REFERENCES agents (id),
    status     character varying(255) NOT NULL,
    results    json,
    starttime  timestamp with time zone NOT NULL,
    finishtime timestamp with time zone
);
CREATE INDEX commands_agentid ON commands (agentid DESC);
CREATE INDEX commands_actionid ON commands (actionid DESC);

CREATE TABLE investigators (
    id             numeric NOT NULL DEFAULT nextval('investigators_id_seq') PRIMARY KEY,
    name           character varying(1024) NOT NULL,
    pgpfingerprint character varying(128),
    publickey      bytea,
    privatekey     bytea,
    status         character varying(255) NOT NULL,
    createdat      timestamp with time zone NOT NULL,
    lastmodified   timestamp with time zone NOT NULL,
    permissions    bigint NOT NULL DEFAULT 0,
    apikey         bytea,
    apisalt        bytea
);
CREATE UNIQUE INDEX investigators_pgpfingerprint_idx ON investigators (pgpfingerprint);

CREATE TABLE signatures (
    actionid       numeric NOT NULL REFERENCES actions (id),
    investigatorid numeric NOT NULL REFERENCES investigators (id),
    pgpsignature   character varying(4096) NOT NULL
);
CREATE UNIQUE INDEX signatures_actionid_investigatorid_idx ON signatures (actionid, investigatorid);
CREATE INDEX signatures_actionid ON signatures (actionid);
CREATE INDEX signatures_investigatorid ON signatures (investigatorid);

CREATE TABLE modules (id numeric PRIMARY KEY, name character varying(256));
CREATE TABLE agtmodreq (
    moduleid      numeric REFERENCES modules (id),
    agentid       numeric,
    minimumweight integer,
    UNIQUE (moduleid, agentid)
);
CREATE TABLE invagtmodperm (
    investigatorid numeric REFERENCES investigators (id),
    agentid        numeric REFERENCES agents (id),
    moduleid       numeric REFERENCES modules (id),
    weight         integer,
    UNIQUE (investigatorid, agentid, moduleid)
);

CREATE TABLE manifests (
    id          numeric NOT NULL DEFAULT nextval('manifests_id_seq') PRIMARY KEY,
    name        character varying(256) NOT NULL,
    content     text NOT NULL,
    "timestamp" timestamp with time zone NOT NULL,
    status      character varying(255) NOT NULL,
    target      character varying(2048) NOT NULL
);
CREATE TABLE manifestsig (
    manifestid     numeric REFERENCES manifests (id),
    investigatorid numeric,
    pgpsignature   character varying(4096),
    UNIQUE (manifestid, investigatorid)
);
CREATE TABLE loaders (
    id         numeric NOT NULL DEFAULT nextval('loaders_id_seq') PRIMARY KEY,
    loadername character varying(256) NOT NULL UNIQUE,
    keyprefix  character varying(256) NOT NULL UNIQUE,
    loaderkey  bytea NOT NULL UNIQUE,
    salt       bytea NOT NULL,
    name       character varying(2048),
    env        json,
    tags       json,
    lastseen   timestamp with time zone NOT NULL,
    enabled    boolean NOT NULL DEFAULT false,
    expectenv  character varying(2048),
    queueloc   character varying(2048) UNIQUE
);
