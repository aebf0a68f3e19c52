-- How many calls of a window failed, and what they cost all the same.
-- grain: one row
-- parameters: from_day, to_day, those of the filters
select
    count(*) as rows_in_all,
    count(*) as failed_calls,
    cast(sum(total_tokens) as bigint) as total_tokens,
    cast(sum(contracted_cost_usd) as decimal(38, 12)) as contracted_cost_usd
from marts.failed_calls
where
    /* day */ between $from_day and $to_day
    /* filters */
