-- The price keys of the catalogue, each with the version that is in force at an instant.
-- grain: id
-- columns:
--   id: name of the key: provider, model, unit, context, region, window and tier
--   versions: price rows that the key has ever had (rows)
-- parameters: at, skip, take, those of the filters
with keyed as (
    select
        *,
        'pk_' || substr(
            sha256(concat_ws(chr(31), provider, model, unit, context, region, price_window, tier_above)), 1, 20
        ) as id
    from pricing.prices
    where
        true
        /* filters */
),

keys as (
    select
        id,
        provider,
        model,
        unit,
        context,
        region,
        price_window,
        tier_above,
        count(*) as versions
    from keyed
    group by all
),

now_in_force as (
    select
        id,
        price_id,
        price,
        per,
        currency,
        valid_from,
        nullif(valid_to, timestamp '9999-12-31') as valid_to,
        evidence_url
    from keyed
    where in_force and valid_from <= $at and valid_to > $at
),

placed as (
    select
        k.*,
        n.* exclude (id),
        row_number() over (
            order by k.provider, k.model, k.unit, k.context, k.region, k.price_window, k.tier_above, n.valid_from
        ) as place
    from keys as k
    left join now_in_force as n on k.id = n.id
)

select
    (select count(*) from placed) as rows_in_all,
    *
from placed
where place > $skip and place <= $skip + $take
union all by name
select
    (select count(*) from placed) as rows_in_all,
    0 as place
order by place
