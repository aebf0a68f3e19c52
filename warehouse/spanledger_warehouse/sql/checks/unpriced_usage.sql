-- Usage has no price; its cost is unknown, not zero.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: marts.unpriced_usage
-- severity: warning
-- todo: Run the example's command with price, page and reason; have the commit reviewed; run again.
with units as (
    select
        u.provider,
        u.model,
        u.pricing_context,
        u.unit,
        coalesce(r.fallback_unit, '') <> '' as falls_back,
        min(u.reason) as reason,
        min(u.day) as first_day,
        sum(u.calls) as calls
    from marts.unpriced_usage as u
    left join pricing.units as r on u.unit = r.unit
    group by u.provider, u.model, u.pricing_context, u.unit, r.fallback_unit
),

wanted as (
    select
        *,
        unit || case when pricing_context = 'standard' then '' else '@' || pricing_context end || ' PRICE' as price,
        bool_and(falls_back) over (partition by provider, model) as all_fall_back
    from units
),

models as (
    select
        provider,
        model,
        min(reason) as reason,
        min(first_day) as first_day,
        sum(calls) as calls,
        string_agg(
            case when not falls_back or all_fall_back then price end, ' ' order by pricing_context desc, unit asc
        ) as prices
    from wanted
    group by provider, model
),

/* Names in spans are written by strangers, and this is pasted into a shell. */
quoted as (
    select
        *,
        case
            when regexp_full_match(model, '[A-Za-z0-9][A-Za-z0-9._:/@-]*') then model
            else '''' || replace(model, '''', '''"''"''') || ''''
        end as model_word,
        case
            when regexp_full_match(provider, '[A-Za-z0-9][A-Za-z0-9._:/@-]*') then provider
            else '''' || replace(provider, '''', '''"''"''') || ''''
        end as provider_word
    from models
)

select
    provider || ' ' || model || ': ' || reason || ' in ' || calls || ' uses since ' || first_day
    || '; to price it: spanledger prices set ' || model_word || ' ' || prices || ' --provider ' || provider_word
    || ' --from ' || first_day || ' --evidence URL --reason TEXT' as example,
    calls as weight
from quoted
