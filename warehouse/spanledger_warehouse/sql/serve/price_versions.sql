-- All versions of one price key, oldest first; the key may also be named by the price_id of one of them.
-- grain: price_id
-- parameters: id
with keyed as (
    select
        *,
        'pk_' || substr(
            sha256(concat_ws(chr(31), provider, model, unit, context, region, price_window, tier_above)), 1, 20
        ) as id
    from pricing.prices
)

select
    id,
    * exclude (id) replace (nullif(valid_to, timestamp '9999-12-31') as valid_to)
from keyed
where id = $id or id = (select min(k.id) from keyed as k where k.price_id = $id)
order by valid_from, effective_from, committed_at, seed_line
