-- The lines of a fingerprint as calls: one per day, model, context, region and tier, that stands for many.
-- grain: call_id
-- filled in: wide (a column per common unit), wide_units (their names)
create or replace table weights as
select
    concat_ws('|', day, provider, model, context, region, input_tokens_from) as call_id,
    max(calls) as calls
from fingerprint
group by all;

create or replace table usage as
select
    concat_ws('|', day, provider, model, context, region, input_tokens_from) as call_id,
    0 as part,
    0 as copy,
    'billable' as disposition,
    'all' as tenant_id,
    'all' as service,
    'all' as operation,
    provider,
    model as model_id,
    context as pricing_context,
    region as pricing_region,
    day + interval 12 hour as billed_at,
    day,
    true as success,
    1 as attempt,
    'complete' as usage_status,
    input_tokens_from as input_tokens,
    {wide}
    map_from_entries(list(struct_pack(key := unit, value := quantity)) filter (where unit not in ({wide_units})))
        as other_units
from fingerprint
group by day, provider, model, context, region, input_tokens_from;

update usage set other_units = map(cast([] as varchar []), cast([] as bigint [])) where other_units is null;
