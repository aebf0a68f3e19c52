-- Model ids in use whose price changes, or that resolve to another model, and when.
-- grain: provider, model_id, pricing_context, pricing_region, starts
with matches as (
    select * from matches_base
    union
    select * from matches_head
),

renamed as (
    select *
    from (
        select * from matches_base
        except
        select * from matches_head
    )
    union all
    select *
    from (
        select * from matches_head
        except
        select * from matches_base
    )
)

select
    m.provider,
    m.model_id,
    m.pricing_context,
    m.pricing_region,
    greatest(c.starts, m.valid_from) as starts,
    least(c.ends, m.valid_to) as ends
from matches as m
inner join changed as c
    on
        m.price_provider = c.provider
        and m.price_model = c.model
        and m.valid_from < c.ends
        and m.valid_to > c.starts
union
select
    provider,
    model_id,
    pricing_context,
    pricing_region,
    valid_from as starts,
    valid_to as ends
from renamed
