-- Days that the new seeds change: a model id that was used resolves to another price, a price that holds on the day
-- changed, or the tenant's clock or contract did. Needs the new seeds' pricing.price_cells and pricing.model_matches, and
-- the old ones in old_price_cells, old_model_matches, old_tenants, old_adjustments and old_fx_rates.
-- grain: day, cause
insert into ops.dirty_days (day, cause, detail, run_id)
with used as (
    select distinct
        day,
        provider,
        model_id,
        pricing_context,
        pricing_region
    from staging.stg_calls
    where disposition = 'billable'
),

old_prices as (
    select
        u.*,
        m.* exclude (provider, model_id, pricing_context, pricing_region, valid_from, valid_to),
        greatest(m.valid_from, u.day) as match_from,
        least(m.valid_to, u.day + interval 1 day) as match_to,
        c.* exclude (provider, model, context, region, valid_from, valid_to),
        least(c.valid_to, u.day + interval 1 day) as price_to
    from used as u
    inner join old_model_matches as m
        on
            u.provider = m.provider
            and u.model_id = m.model_id
            and u.pricing_context = m.pricing_context
            and u.pricing_region = m.pricing_region
            and u.day + interval 1 day > m.valid_from
            and u.day < m.valid_to
    left join old_price_cells as c
        on
            m.price_provider = c.provider
            and m.price_model = c.model
            and m.price_context = c.context
            and m.price_region = c.region
            and u.day + interval 1 day > c.valid_from
            and u.day < c.valid_to
),

new_prices as (
    select
        u.*,
        m.* exclude (provider, model_id, pricing_context, pricing_region, valid_from, valid_to),
        greatest(m.valid_from, u.day) as match_from,
        least(m.valid_to, u.day + interval 1 day) as match_to,
        c.* exclude (provider, model, context, region, valid_from, valid_to),
        least(c.valid_to, u.day + interval 1 day) as price_to
    from used as u
    inner join pricing.model_matches as m
        on
            u.provider = m.provider
            and u.model_id = m.model_id
            and u.pricing_context = m.pricing_context
            and u.pricing_region = m.pricing_region
            and u.day + interval 1 day > m.valid_from
            and u.day < m.valid_to
    left join pricing.price_cells as c
        on
            m.price_provider = c.provider
            and m.price_model = c.model
            and m.price_context = c.context
            and m.price_region = c.region
            and u.day + interval 1 day > c.valid_from
            and u.day < c.valid_to
),

repriced as (
    (from old_prices except from new_prices)
    union all
    (from new_prices except from old_prices)
),

changed_tenants as (
    select distinct tenant
    from (
        (from old_tenants except from pricing.tenants)
        union all
        (from pricing.tenants except from old_tenants)
    )
),

old_contracts as (
    select * exclude (reference, file, seed_line)
    from old_adjustments
    where kind <> 'uplift'
),

new_contracts as (
    select * exclude (reference, file, seed_line)
    from pricing.adjustments
    where kind <> 'uplift'
),

changed_contracts as (
    (from old_contracts except from new_contracts)
    union all
    (from new_contracts except from old_contracts)
),

-- A rate that is new counts where a price was agreed in its currency; of list prices the cells above tell.
changed_rates as (
    (from old_fx_rates select date, currency, usd_per_unit except from pricing.fx_rates select date, currency, usd_per_unit)
    union
    (from pricing.fx_rates select date, currency, usd_per_unit except from old_fx_rates select date, currency, usd_per_unit)
),

agreed_anew as (
    select
        tenant,
        adjustment,
        valid_from,
        valid_to
    from changed_contracts
    union all
    select
        a.tenant,
        a.adjustment,
        greatest(a.valid_from, cast(r.date as timestamp)) as valid_from,
        least(a.valid_to, r.date + interval 1 day) as valid_to
    from new_contracts as a
    inner join changed_rates as r on a.currency = r.currency
)

select
    day,
    'prices' as cause,
    string_agg(distinct coalesce(price_model, model_id), ', ' order by coalesce(price_model, model_id)) as detail,
    $run_id as run_id
from repriced
group by day
union all
select
    day,
    'tenants' as cause,
    string_agg(distinct tenant_id, ', ' order by tenant_id) as detail,
    $run_id as run_id
from staging.stg_calls
where tenant_id in (select t.tenant from changed_tenants as t)
group by day
union all
select
    c.day,
    'contracts' as cause,
    string_agg(distinct a.adjustment, ', ' order by a.adjustment) as detail,
    $run_id as run_id
from staging.stg_calls as c
inner join agreed_anew as a
    on (a.tenant is null or c.tenant_id = a.tenant) and c.billed_at >= a.valid_from and c.billed_at < a.valid_to
group by c.day;
