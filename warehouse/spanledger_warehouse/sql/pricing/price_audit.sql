-- The audit trail of prices, folded from the history of the seeds: one row per line that ever said a price or an
-- agreement. An agreement's id is `a1-…` (adjustments.csv) or `d1-…` (defaults.csv); what it is not limited to is
-- empty, and its tenant null.
-- grain: price_id, action, commit_id
-- materialized: loaded
-- columns:
--   action: create, change, correct or end
--   summary: the change in words, such as claude-sonnet-4.5 input: 3.00 → 3.50
--   old_price: price before, per `per` units, or factor of an agreement; null when there was none
--   new_price: price after, per `per` units, or factor of an agreement; null when it ended
--   supersedes: price_id of the row that this one ends, withdraws or corrects
--   superseded_by: price_id of the row that ended, withdrew or corrected this one; null while it counts
--   author: who wrote the change, as the commit says
--   committer: who brought it to the branch that prices come from, as the commit says
--   authored_at: when it was written (UTC), as the commit says
--   committed_at: when it was merged (UTC): time of the commit that brought it to the branch
--   lag_seconds: merged after its effective instant by so many seconds; negative when it was announced ahead
--   commit_id: commit that brought it to the branch
--   signature: of that commit, by allowed_signers: none, good (by whom), unknown signer, bad, expired …
--   reason: reason given with the commit
--   approver: who approved it, by a merge commit, a signed tag or a note of somebody else; none when nobody did
create table pricing.price_audit (
    price_id varchar not null,
    action varchar not null,
    tenant_id varchar,
    provider varchar not null,
    model varchar not null,
    unit varchar not null,
    context varchar not null,
    region varchar not null,
    price_window varchar not null,
    tier_above bigint not null,
    effective_from timestamp not null,
    effective_to timestamp,
    old_price decimal(20, 10),
    new_price decimal(20, 10),
    per bigint not null,
    currency varchar not null,
    summary varchar not null,
    supersedes varchar,
    superseded_by varchar,
    author varchar,
    committer varchar,
    authored_at timestamp,
    committed_at timestamp,
    lag_seconds bigint,
    commit_id varchar,
    signature varchar not null,
    reason varchar,
    approver varchar not null,
    evidence_url varchar,
    evidence_date date,
    basis varchar,
    file varchar not null,
    seed_line bigint not null
)
