-- What was agreed with a provider, for the tenants and cards of the days being priced: the unit price of every unit of
-- a card that a contract touches. Of the contracts that fit a price the one with the narrowest scope counts.
-- grain: tenant_id, billing_provider, card_id, unit, band_from, valid_from
-- materialized: for the run
-- columns:
--   contracted_unit_price: agreed price of one unit (USD); the list price where the contract leaves it alone; null
--     where it is agreed in a currency that has no rate of the day
--   contracted_unit_price_12: the same where it has at most twelve places, so that amounts need no rounding
--   contract: adjustment that the price comes from; null where it leaves the list price alone
with agreed as (
    select *
    from pricing.adjustments
    where kind in ('discount', 'override')
),

-- A price agreed in another currency is worth the rate of each single day; on a day without one it is not known.
contracts as (
    select
        *,
        override_price as override_usd,
        cast(null as varchar) as fx_id
    from agreed
    where kind = 'discount' or currency = 'USD'
    union all by name
    select
        a.*,
        cast(null as decimal(20, 16)) as override_usd
    from agreed as a
    where a.kind = 'override' and a.currency <> 'USD'
    union all by name
    select
        a.* replace (
            greatest(a.valid_from, cast(r.date as timestamp)) as valid_from,
            least(a.valid_to, r.date + interval 1 day) as valid_to
        ),
        cast(round_even(a.override_price * r.usd_per_unit, 16) as decimal(20, 16)) as override_usd,
        r.currency || ' ' || cast(r.date as varchar) as fx_id
    from agreed as a
    inner join pricing.fx_rates as r
        on
            a.currency = r.currency
            and a.valid_from < r.date + interval 1 day
            and a.valid_to > cast(r.date as timestamp)
            and r.date between cast(getvariable('from_day') as date) - 1 and cast(getvariable('to_day') as date)
    where a.kind = 'override'
),

calls as (
    select distinct
        tenant_id,
        provider,
        model_id,
        pricing_context,
        pricing_region
    from staging.stg_calls
    where
        disposition = 'billable'
        and day between cast(getvariable('from_day') as date) and cast(getvariable('to_day') as date)
        and exists (select 1 from contracts)
),

cards as (
    select distinct
        c.tenant_id,
        m.billing_provider,
        k.card_id
    from calls as c
    inner join pricing.model_matches as m
        on
            c.provider = m.provider
            and c.model_id = m.model_id
            and c.pricing_context = m.pricing_context
            and c.pricing_region = m.pricing_region
    inner join pricing.rate_card_by_day as k
        on
            m.price_provider = k.provider
            and m.price_model = k.model
            and m.price_context = k.context
            and m.price_region = k.region
),

scoped as (
    select
        d.tenant_id,
        d.billing_provider,
        p.card_id,
        p.unit,
        p.band_from,
        a.adjustment as contract,
        a.fx_id,
        a.specificity,
        greatest(p.valid_from, a.valid_from) as valid_from,
        least(p.valid_to, a.valid_to) as valid_to,
        case
            when a.kind = 'override' then a.override_usd
            else cast(round_even(p.unit_price * a.factor, 16) as decimal(20, 16))
        end as contracted_unit_price
    from cards as d
    inner join pricing.price_cells as p on d.card_id = p.card_id
    inner join contracts as a
        on
            (a.tenant is null or d.tenant_id = a.tenant)
            and (a.provider is null or d.billing_provider = a.provider)
            and (a.model is null or p.model = a.model)
            and (a.unit is null or p.unit = a.unit)
            and (a.context is null or p.context = a.context)
            and (a.region is null or p.region = a.region)
            and p.valid_to > a.valid_from
            and p.valid_from < a.valid_to
),

cuts as (
    select
        tenant_id,
        billing_provider,
        card_id,
        valid_from as cut
    from scoped
    union
    select
        tenant_id,
        billing_provider,
        card_id,
        valid_to as cut
    from scoped
),

intervals as (
    select
        tenant_id,
        billing_provider,
        card_id,
        cut as valid_from,
        lead(cut) over (partition by tenant_id, billing_provider, card_id order by cut) as valid_to
    from cuts
),

ranked as (
    select
        i.*,
        p.unit,
        p.band_from,
        s.contract,
        s.fx_id,
        case when s.contract is null then p.unit_price else s.contracted_unit_price end as contracted_unit_price,
        row_number() over (
            partition by i.tenant_id, i.billing_provider, i.card_id, i.valid_from, p.unit, p.band_from
            order by s.specificity desc nulls last, s.fx_id asc nulls last, s.contract asc
        ) as place
    from intervals as i
    inner join pricing.price_cells as p on i.card_id = p.card_id
    left join scoped as s
        on
            i.tenant_id = s.tenant_id
            and i.billing_provider = s.billing_provider
            and i.card_id = s.card_id
            and p.unit = s.unit
            and p.band_from = s.band_from
            and i.valid_from >= s.valid_from
            and i.valid_to <= s.valid_to
    where i.valid_to is not null
)

select
    * exclude (place),
    case
        when contracted_unit_price < 100 and round_even(contracted_unit_price, 12) = contracted_unit_price
            then cast(contracted_unit_price as decimal(14, 12))
    end as contracted_unit_price_12
from ranked
where place = 1
