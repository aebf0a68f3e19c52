-- Changes of days that had been built before: what a tenant's day cost then and now, and why it moved.
-- grain: run_id, tenant_id, day
-- materialized: loaded
-- columns:
--   restated_at: when the change was made (UTC)
--   cause: what touched the day: spans, prices, tenants or release
--   calls_before: billable calls before (calls)
--   calls_after: billable calls after (calls)
--   list_cost_usd_before: list cost before (USD)
--   list_cost_usd_after: list cost after (USD)
--   contracted_cost_usd_before: contracted cost before (USD)
--   contracted_cost_usd_after: contracted cost after (USD)
create table marts.restatements (
    run_id varchar not null,
    restated_at timestamp not null,
    tenant_id varchar not null,
    day date not null,
    cause varchar not null,
    calls_before bigint,
    calls_after bigint,
    list_cost_usd_before decimal(38, 12),
    list_cost_usd_after decimal(38, 12),
    contracted_cost_usd_before decimal(38, 12),
    contracted_cost_usd_after decimal(38, 12),
    seeds_commit varchar
)
