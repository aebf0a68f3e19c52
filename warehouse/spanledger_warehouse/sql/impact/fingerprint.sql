-- Units by day, model, context, region and tier; `input_tokens_from` is the smallest prompt of the tier. No tenants.
-- grain: day, provider, model, context, region, input_tokens_from, unit
-- variables: tiers (prompt sizes at which a price changes), filled in: entries (a struct per unit)
create or replace temp table fingerprint as
with calls as (
    select
        day,
        provider,
        model_id as model,
        pricing_context as context,
        pricing_region as region,
        case
            when list_contains($tiers, coalesce(input_tokens, 0)) then input_tokens
            else coalesce(list_max(list_filter($tiers, lambda x: x < coalesce(input_tokens, 0))) + 1, 0)
        end as input_tokens_from,
        list_concat(
            [{entries}],
            list_transform(map_entries(other_units), lambda e: struct_pack(unit := e.key, quantity := e.value))
        ) as entries
    from history.staging.stg_calls
    where disposition = 'billable'
),

lines as (
    select
        * exclude (entries),
        unnest(entries) as entry
    from calls
)

select
    day,
    provider,
    model,
    context,
    region,
    cast(input_tokens_from as bigint) as input_tokens_from,
    entry.unit as unit,
    cast(sum(entry.quantity) as bigint) as quantity,
    count(*) as calls
from lines
where entry.quantity > 0
group by all
