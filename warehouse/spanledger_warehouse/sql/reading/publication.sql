-- Which version the published file is, and which seeds and release made it.
-- grain: one row
select
    version,
    published_at,
    run_id,
    seeds_commit,
    seeds_state,
    seeds_source,
    seeds_digest,
    release,
    complete_through
from ops.publication
