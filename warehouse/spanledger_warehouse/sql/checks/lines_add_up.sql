-- The cost of a call must equal the sum of its cost lines exactly.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: ledger.derived_lines
-- severity: error
-- todo: Do not publish; run `spanledger run` again, and report the example as a defect of Spanledger.
with days as (
    select distinct day from ops.dirty_days
),

lines as (
    select
        call_id,
        part,
        sum(list_cost_usd) as list_cost_usd,
        sum(contracted_cost_usd) as contracted_cost_usd
    from ledger.derived_lines
    where day in (select d.day from days as d)
    group by call_id, part
)

select
    c.call_id || ' part ' || cast(c.part as varchar) || ': call ' || cast(coalesce(c.list_cost_usd, 0) as varchar)
    || ', lines ' || cast(coalesce(l.list_cost_usd, 0) as varchar) as example,
    1 as weight
from ledger.call_costs as c
left join lines as l on c.call_id = l.call_id and c.part = l.part
where
    c.day in (select d.day from days as d)
    and (
        coalesce(c.list_cost_usd, 0) <> coalesce(l.list_cost_usd, 0)
        or coalesce(c.contracted_cost_usd, 0) <> coalesce(l.contracted_cost_usd, 0)
    )
