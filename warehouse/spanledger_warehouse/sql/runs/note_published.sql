-- What was published rests on the seeds that are read, and on the models of the run that read them: it noted the days
-- of a new release, and nothing is published before they are built.
-- grain: run_id
update ops.runs
set
    status = 'published',
    ended_at = $now,
    days = $days,
    seeds_commit = s.seeds_commit,
    seeds_state = s.seeds_state,
    seeds_source = s.seeds_source,
    seeds_digest = s.seeds_digest,
    model_digest = (select arg_max(r.model_digest, r.started_at) from ops.runs as r where r.model_digest is not null)
from pricing.seeds as s
where run_id = $run_id
