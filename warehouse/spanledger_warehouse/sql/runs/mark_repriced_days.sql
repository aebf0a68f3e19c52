-- Days whose prices changed with the seeds: a call resolves to another price than the one it has, or to one whose card
-- changed while the day was in its interval. Needs pricing.price_cells of the new seeds and the old cells in
-- old_price_cells.
-- grain: day
insert into ops.dirty_days (day, cause, detail, run_id)
with changed_cells as (
    select *
    from (
        select * from pricing.price_cells
        except
        select * from old_price_cells
    )
    union all
    select *
    from (
        select * from old_price_cells
        except
        select * from pricing.price_cells
    )
),

changed as (
    select
        provider,
        model,
        context,
        min(valid_from) as valid_from,
        max(valid_to) as valid_to
    from changed_cells
    group by provider, model, context
),

priced as (
    select distinct
        day,
        provider,
        model_id,
        pricing_context,
        pricing_region,
        case when matched_by <> 'none' then model end as model
    from ledger.call_costs
),

resolved as (
    select
        p.day,
        p.provider,
        p.model as old_model,
        m.price_provider,
        m.price_model,
        p.pricing_context
    from priced as p
    left join pricing.model_matches as m
        on
            p.provider = m.billing_provider
            and p.model_id = m.model_id
            and p.pricing_context = m.pricing_context
            and p.pricing_region = m.pricing_region
            and p.day + interval 1 day > m.valid_from
            and p.day < m.valid_to
)

select
    r.day,
    'prices' as cause,
    string_agg(distinct coalesce(r.price_model, r.old_model), ', ') as detail,
    $run_id as run_id
from resolved as r
left join changed as c
    on
        r.price_provider = c.provider
        and r.price_model = c.model
        and r.pricing_context = c.context
        and r.day + interval 1 day > c.valid_from
        and r.day < c.valid_to
where r.old_model is distinct from r.price_model or c.model is not null
group by r.day;
