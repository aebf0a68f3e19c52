-- The units of a call must be disjoint and sum to its tokens.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: ledger.call_costs
-- severity: error
-- todo: Do not publish; report the example as a defect of Spanledger.
with token_units as (
    select list(unit) as units
    from pricing.units
    where parent in ('input', 'output')
)

select
    c.call_id || ': ' || cast(c.total_tokens as varchar) || ' tokens' as example,
    1 as weight
from staging.stg_calls as c
cross join token_units as t
where
    c.day in (select d.day from ops.dirty_days as d)
    and c.disposition = 'billable'
    and c.usage_issue is null
    and c.total_tokens <> (
        coalesce(c.input_quantity, 0) + coalesce(c.cache_read_quantity, 0) + coalesce(c.cache_write_5m_quantity, 0)
        + coalesce(c.cache_write_1h_quantity, 0) + coalesce(c.input_audio_quantity, 0)
        + coalesce(c.input_image_quantity, 0) + coalesce(c.output_quantity, 0) + coalesce(c.reasoning_quantity, 0)
        + coalesce(c.output_audio_quantity, 0) + coalesce(c.output_image_quantity, 0) + coalesce(
            cast(list_sum(list_transform(
                list_filter(map_entries(c.other_units), lambda e: list_contains(t.units, e.key)), lambda e: e.value
            )) as bigint),
            0
        )
    )
