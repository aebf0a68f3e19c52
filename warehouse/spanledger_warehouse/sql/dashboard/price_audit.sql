-- Who changed the list prices of the models used in the window, newest first. Agreements are not list prices. A
-- tenant's own database has no column for who and why.
-- grain: price_id, action
-- variables: tenant (null = all), first_day, last_day
with used as (
    select
        provider,
        model
    from marts.costs_by_model
    where
        day between cast(getvariable('first_day') as date) and cast(getvariable('last_day') as date)
        and tenant_id = coalesce(cast(getvariable('tenant') as varchar), tenant_id)
    group by provider, model
)

select columns('^(committed_at|action|summary|effective_from|reason|author|approver|evidence_url|commit_id)$')
from marts.price_audit as a
where
    a.file like '%prices/%'
    and exists (select 1 from used as u where a.provider = u.provider and a.model = u.model)
order by a.committed_at desc, a.summary asc
limit 500
