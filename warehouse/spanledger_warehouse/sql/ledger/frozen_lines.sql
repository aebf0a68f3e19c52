-- The cost lines of closed months as they were closed, from their artifacts; in the shape of ledger.derived_lines.
-- grain: call_id, part, unit
-- materialized: loaded
-- days: day
create table ledger.frozen_lines (
    call_id varchar,
    part integer,
    day date,
    tenant_id varchar,
    unit varchar,
    quantity bigint,
    billed_quantity bigint,
    priced_as varchar,
    price_id varchar,
    unit_price decimal(20, 16),
    currency varchar,
    fx_id varchar,
    list_cost_usd decimal(38, 12),
    contract varchar,
    contracted_unit_price decimal(20, 16),
    contracted_cost_usd decimal(38, 12)
)
