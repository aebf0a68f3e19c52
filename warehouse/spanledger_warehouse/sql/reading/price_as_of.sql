-- The prices that hold at one instant (valid_at) by what was known at another (known_at): a change that came later is
-- left out, and what it superseded holds again. Both instants in UTC.
-- grain: provider, model, unit, context, region, price_window, tier_above
-- variables: valid_at, known_at
with known as (
    select *
    from pricing.prices
    where committed_at <= cast(getvariable('known_at') as timestamp)
),

in_force as (
    select
        *,
        lead(effective_from) over (
            partition by provider, model, unit, context, region, price_window, tier_above
            order by effective_from
        ) as next_from
    from known
    where
        change_kind <> 'withdrawal'
        and price_id not in (select k.supersedes from known as k where k.supersedes is not null)
)

select
    provider,
    model,
    unit,
    context,
    region,
    price_window,
    tier_above,
    price,
    per,
    currency,
    effective_from,
    price_id,
    seed_commit,
    committed_at
from in_force
where
    effective_from <= cast(getvariable('valid_at') as timestamp)
    and coalesce(effective_to > cast(getvariable('valid_at') as timestamp), true)
    and coalesce(next_from > cast(getvariable('valid_at') as timestamp), true)
order by provider, model, unit, context, region, price_window, tier_above
