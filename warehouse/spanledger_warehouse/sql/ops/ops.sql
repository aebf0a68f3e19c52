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
create table if not exists ops.dirty_days (
    day date not null,
    cause varchar not null,
    detail varchar,
    run_id varchar not null
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
