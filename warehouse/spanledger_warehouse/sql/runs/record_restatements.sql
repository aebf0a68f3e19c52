-- What rebuilding did to tenant days that were there when the last version was published; equal days leave no trace.
-- grain: run_id, tenant_id, day
insert into marts.restatements by name
with causes as (
    select
        day,
        string_agg(distinct cause, ', ' order by cause) as cause
    from ops.dirty_days
    group by day
),

fresh as (
    select
        tenant_id,
        day,
        calls,
        list_cost_usd,
        contracted_cost_usd
    from marts.daily_costs
    where day in (select c.day from causes as c)
),

before as (
    select
        tenant_id,
        day,
        calls,
        list_cost_usd,
        contracted_cost_usd
    from ops.days_before
    where tenant_id is not null
),

built_before as (
    select distinct day from before
)

select
    $run_id as run_id,
    cast($now as timestamp) as restated_at,
    coalesce(f.tenant_id, b.tenant_id) as tenant_id,
    coalesce(f.day, b.day) as day,
    c.cause,
    b.calls as calls_before,
    f.calls as calls_after,
    b.list_cost_usd as list_cost_usd_before,
    f.list_cost_usd as list_cost_usd_after,
    b.contracted_cost_usd as contracted_cost_usd_before,
    f.contracted_cost_usd as contracted_cost_usd_after,
    (select s.seeds_commit from pricing.seeds as s) as seeds_commit
from fresh as f
full join before as b on f.tenant_id = b.tenant_id and f.day = b.day
inner join causes as c on coalesce(f.day, b.day) = c.day
where
    coalesce(f.day, b.day) in (select t.day from built_before as t)
    and (
        f.calls is distinct from b.calls
        or f.list_cost_usd is distinct from b.list_cost_usd
        or f.contracted_cost_usd is distinct from b.contracted_cost_usd
    );
