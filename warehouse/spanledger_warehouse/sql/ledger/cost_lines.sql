-- The cost of every billable call by billed unit: what `explain`, FOCUS and an auditor read. A closed month is as it
-- was closed, and what changed since is in further lines of class Correction: without those the lines are what was
-- published, with them what is known now.
-- grain: call_id, part, unit, tenant_id, charge_class
-- materialized: view
-- days: day
-- columns:
--   charge_class: null, or Correction for a change of a closed month
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
    cast(null as varchar) as charge_class
from ledger.derived_lines
where date_trunc('month', day) not in (select m.first_day from ledger.closed_months as m)
union all
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
    cast(null as varchar) as charge_class
from ledger.frozen_lines
union all
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
    'Correction' as charge_class
from ledger.corrections
