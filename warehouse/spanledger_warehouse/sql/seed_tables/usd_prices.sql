-- Fills pricing.usd_prices from the price rows and the exchange rates.
-- grain: price_id, valid_from
insert into pricing.usd_prices by name
select
    price_id,
    provider,
    model,
    unit,
    context,
    region,
    price_window,
    tier_above,
    unit_price,
    currency,
    cast(null as varchar) as fx_id,
    valid_from,
    valid_to
from pricing.prices
where in_force and currency = 'USD' and valid_from < valid_to
union all
select
    p.price_id,
    p.provider,
    p.model,
    p.unit,
    p.context,
    p.region,
    p.price_window,
    p.tier_above,
    cast(round_even(p.unit_price * r.usd_per_unit, 16) as decimal(20, 16)) as unit_price,
    p.currency,
    r.currency || ' ' || cast(r.date as varchar) as fx_id,
    greatest(p.valid_from, cast(r.date as timestamp)) as valid_from,
    least(p.valid_to, r.date + interval 1 day) as valid_to
from pricing.prices as p
inner join pricing.fx_rates as r
    on p.currency = r.currency and p.valid_from < r.date + interval 1 day and p.valid_to > cast(r.date as timestamp)
where p.in_force and p.currency <> 'USD';
