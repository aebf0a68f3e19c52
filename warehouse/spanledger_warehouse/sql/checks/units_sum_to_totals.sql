-- The units of a call must be disjoint and sum to its tokens.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: ledger.call_costs
-- severity: error
-- todo: Do not publish; report the example as a defect of Spanledger.
select
    call_id || ': ' || cast(total_tokens as varchar) || ' tokens' as example,
    1 as weight
from staging.stg_calls
where
    day in (select d.day from ops.dirty_days as d)
    and disposition = 'billable'
    and usage_issue is null
    and total_tokens <> (
        coalesce(input_quantity, 0) + coalesce(cache_read_quantity, 0) + coalesce(cache_write_5m_quantity, 0)
        + coalesce(cache_write_1h_quantity, 0) + coalesce(input_audio_quantity, 0) + coalesce(input_image_quantity, 0)
        + coalesce(output_quantity, 0) + coalesce(reasoning_quantity, 0) + coalesce(output_audio_quantity, 0)
        + coalesce(output_image_quantity, 0) + coalesce(cast(list_sum(map_values(other_units)) as bigint), 0)
    )
