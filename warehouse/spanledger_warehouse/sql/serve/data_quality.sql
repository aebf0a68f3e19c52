-- What the last run found; for a tenant, what can be said about its own rows. Row 0 has only the number of findings.
-- grain: check_name
-- parameters: skip, take
with placed as (
    select
        *,
        row_number() over (
            order by case severity when 'error' then 1 when 'warning' then 2 else 3 end, violations desc, check_name
        ) as place
    from marts.data_quality
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
