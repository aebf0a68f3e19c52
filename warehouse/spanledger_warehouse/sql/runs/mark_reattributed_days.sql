-- Days of calls that a new, changed or ended rule of attribution.csv may give to another tenant. Needs the old rules in
-- old_attribution.
-- grain: day, cause
insert into ops.dirty_days (day, cause, detail, run_id)
with old_rules as (
    select * exclude (reason, file, seed_line)
    from old_attribution
),

new_rules as (
    select * exclude (reason, file, seed_line)
    from pricing.attribution
),

changed as (
    (from old_rules except from new_rules)
    union all
    (from new_rules except from old_rules)
)

select
    c.day,
    'attribution' as cause,
    string_agg(distinct a.attribution, ', ' order by a.attribution) as detail,
    $run_id as run_id
from staging.stg_calls as c
inner join changed as a
    on
        c.ended_at >= a.valid_from
        and c.ended_at < a.valid_to
        and (a.tenant is null or c.sent_tenant_id = a.tenant)
        and (a.service is null or c.service = a.service)
        and (a.operation is null or c.operation = a.operation)
where
    a.metadata_key is null
    or staging.metadata_value(c.request_metadata, a.metadata_key) = coalesce(
        a.metadata_value, staging.metadata_value(c.request_metadata, a.metadata_key)
    )
group by c.day
