-- The audit trail of prices, folded from the history of the seeds repository.
-- grain: price_id, action
-- materialized: loaded
-- columns:
--   action: create, change, correct or end
--   summary: the change in words, such as claude-sonnet-4.5 input: 3.00 → 3.50
--   old_price: price before, per `per` units; null when there was none
--   new_price: price after, per `per` units
--   author: who wrote the change, as the commit says
--   committer: who committed it
--   authored_at: when it was written (UTC)
--   commit_id: commit that made the change
--   reason: reason given with the commit
--   approver: who approved it, by the evidence of the merge commit; none when nobody did
create table pricing.price_audit (
    price_id varchar not null,
    action varchar not null,
    provider varchar not null,
    model varchar not null,
    unit varchar not null,
    context varchar not null,
    effective_from timestamp not null,
    old_price decimal(20, 10),
    new_price decimal(20, 10),
    summary varchar not null,
    author varchar,
    committer varchar,
    authored_at timestamp,
    committed_at timestamp,
    commit_id varchar,
    reason varchar,
    approver varchar not null,
    evidence_url varchar,
    file varchar not null,
    seed_line bigint not null
)
