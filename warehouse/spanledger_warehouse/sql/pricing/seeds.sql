-- The seeds that the tables of this schema were read from.
-- grain: seeds_commit
-- materialized: loaded
-- columns:
--   seeds_commit: commit of the seeds; release and digest for the snapshot of the wheel
--   seeds_state: committed, uncommitted or packaged
--   seeds_source: folder or package that the seeds were read from
--   seeds_digest: SHA-256 over the files
--   seeds_ref: git ref that was asked for
--   history_problem: what is wrong with the history of the seeds (cut off, rewritten, edited); null when nothing is
--   loaded_at: when it was loaded (UTC)
create table pricing.seeds (
    seeds_commit varchar not null,
    seeds_state varchar not null,
    seeds_source varchar not null,
    seeds_digest varchar not null,
    seeds_ref varchar,
    history_problem varchar,
    loaded_at timestamp not null
)
