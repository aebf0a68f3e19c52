-- Bookkeeping of runs. Not a model: created when a warehouse is opened for the first time.
create table if not exists ops.schema_version (version integer not null, applied_at timestamp not null);
create table if not exists ops.runs (
    run_id varchar not null,
    started_at timestamp not null,
    ended_at timestamp,
    status varchar not null,
    release varchar not null,
    seeds_commit varchar,
    seeds_state varchar,
    seeds_source varchar,
    seeds_digest varchar,
    model_digest varchar,
    days date [],
    message varchar
);
create table if not exists ops.seen_paths (
    path varchar not null,
    bytes bigint not null,
    mtime_ns bigint not null,
    sha256 varchar not null
);
-- Marks order work and builds: what came up before a build began is in it.
create sequence if not exists ops.marks;
create table if not exists ops.dirty_days (
    day date not null,
    cause varchar not null,
    detail varchar,
    run_id varchar not null,
    mark bigint default nextval('ops.marks')
);
create table if not exists ops.built_days (model varchar not null, day date not null, mark bigint not null);
create table if not exists ops.days_before (
    tenant_id varchar,
    day date not null,
    calls bigint,
    list_cost_usd decimal(38, 12),
    contracted_cost_usd decimal(38, 12)
);
create table if not exists ops.check_results (
    run_id varchar not null,
    check_name varchar not null,
    table_name varchar not null,
    severity varchar not null,
    violations bigint not null,
    example varchar,
    message varchar not null,
    what_to_do varchar not null,
    checked_at timestamp not null
);
-- A file without a batch could not be archived yet: it is gone, or holds other bytes than were loaded from it.
create table if not exists ops.archived_files (file_id bigint not null, batch bigint);
