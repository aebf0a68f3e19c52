-- What can be said about a tenant's own rows. The findings of the run count and quote everybody's.
-- grain: check_name
with days as (
    select *
    from marts.daily_costs
    where tenant_id in (select unnest(getvariable('tenants')))
),

findings as (
    select
        'usage_missing' as check_name,
        'marts.daily_costs' as table_name,
        sum(usage_missing_calls) as violations,
        cast(null as varchar) as example,
        'The usage of calls is not known, so their cost is not either.' as message,
        'Look at the calls whose cost_status is usage_missing; have streams report their usage.' as what_to_do
    from days
    union all
    select
        'usage_partial' as check_name,
        'marts.daily_costs' as table_name,
        sum(usage_partial_calls) as violations,
        cast(null as varchar) as example,
        'The usage of calls is known in part: their cost is a lower bound.' as message,
        'Look at the calls whose usage_status is partial.' as what_to_do
    from days
    union all
    select
        'unpriced_usage' as check_name,
        'marts.unpriced_usage' as table_name,
        sum(u.calls) as violations,
        min(u.provider || ' ' || u.model || ' ' || u.unit || ': call ' || u.example_call_id) as example,
        'Usage has no price; its cost is unknown, not zero.' as message,
        'Ask the operator of the ledger for the price.' as what_to_do
    from marts.unpriced_usage as u
    where u.tenant_id in (select unnest(getvariable('tenants')))
)

select
    check_name,
    table_name,
    'warning' as severity,
    cast(violations as bigint) as violations,
    example,
    message,
    what_to_do,
    (select p.published_at from ops.publication as p) as checked_at,
    (select p.run_id from ops.publication as p) as run_id
from findings
where violations > 0
