-- What changed in closed months since they were closed, by call and unit: the difference to what was published.
-- grain: call_id, part, unit, tenant_id
-- materialized: by day
-- columns:
--   billing_month: closed month that the line corrects, as YYYY-MM
with costs as (
    select
        call_id,
        part,
        day,
        tenant_id,
        billed_at,
        service,
        operation,
        provider,
        model,
        1 as place
    from ledger.call_costs
    union all
    select
        call_id,
        part,
        day,
        tenant_id,
        billed_at,
        service,
        operation,
        provider,
        model,
        2 as place
    from ledger.frozen_calls
),

known as (
    select
        *,
        row_number() over (partition by call_id, part, day, tenant_id order by place) as choice
    from costs
    where call_id in (select c.call_id from ledger.corrections as c)
)

select
    x.tenant_id,
    x.day,
    strftime(x.day, '%Y-%m') as billing_month,
    k.billed_at,
    k.service,
    k.operation,
    k.provider,
    k.model,
    x.call_id,
    x.part,
    x.unit,
    x.reason,
    x.quantity,
    x.list_cost_usd,
    x.contracted_cost_usd,
    x.price_id
from ledger.corrections as x
inner join known as k
    on x.call_id = k.call_id and x.part = k.part and x.day = k.day and x.tenant_id = k.tenant_id and k.choice = 1
