-- What a closed month would cost more, or less, if it were closed now: derived minus frozen, by call and unit, whatever
-- the cause. Only what changed has a line; price and contract are the ones that count now.
-- grain: call_id, part, unit, tenant_id
-- materialized: by day
-- columns:
--   reason: late (the call was not there), gone (it is not there any more), usage, unpriced, priced (it had no price)
--     or price
with sides as (
    select
        *,
        1 as sign
    from ledger.derived_lines
    where date_trunc('month', day) in (select m.first_day from ledger.closed_months as m)
    union all
    select
        *,
        -1 as sign
    from ledger.frozen_lines
),

differences as (
    select
        call_id,
        part,
        day,
        tenant_id,
        unit,
        cast(sum(sign * quantity) as bigint) as quantity,
        cast(sum(sign * billed_quantity) as bigint) as billed_quantity,
        min(case when sign = 1 then priced_as end) as priced_as,
        min(case when sign = 1 then price_id end) as price_id,
        min(case when sign = 1 then unit_price end) as unit_price,
        min(case when sign = 1 then currency end) as currency,
        min(case when sign = 1 then fx_id end) as fx_id,
        cast(sum(case when sign = 1 then list_cost_usd else -list_cost_usd end) as decimal(38, 12)) as list_cost_usd,
        min(case when sign = 1 then contract end) as contract,
        min(case when sign = 1 then contracted_unit_price end) as contracted_unit_price,
        cast(sum(case when sign = 1 then contracted_cost_usd else -contracted_cost_usd end) as decimal(38, 12))
            as contracted_cost_usd,
        count(case when sign = 1 then 1 end) as derived_lines,
        count(case when sign = -1 then 1 end) as frozen_lines,
        count(case when sign = 1 then list_cost_usd end) as derived_amounts,
        count(case when sign = -1 then list_cost_usd end) as frozen_amounts
    from sides
    group by call_id, part, day, tenant_id, unit
)

select
    call_id,
    part,
    day,
    tenant_id,
    unit,
    quantity,
    billed_quantity,
    priced_as,
    price_id,
    unit_price,
    currency,
    fx_id,
    list_cost_usd,
    contract,
    contracted_unit_price,
    contracted_cost_usd,
    case
        when frozen_lines = 0 then 'late'
        when derived_lines = 0 then 'gone'
        when quantity <> 0 then 'usage'
        when derived_amounts < frozen_amounts then 'unpriced'
        when derived_amounts > frozen_amounts then 'priced'
        else 'price'
    end as reason
from differences
where
    derived_lines <> frozen_lines
    or quantity <> 0
    or billed_quantity <> 0
    or derived_amounts <> frozen_amounts
    or coalesce(list_cost_usd, 0) <> 0
    or coalesce(contracted_cost_usd, 0) <> 0
