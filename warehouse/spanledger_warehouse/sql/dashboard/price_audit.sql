-- Who changed the list prices of the models used in the window, newest first. Agreements are not list prices.
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

select
    a.committed_at,
    a.action,
    a.summary,
    a.effective_from,
    a.reason,
    a.author,
    a.approver,
    a.evidence_url,
    a.commit_id
from marts.price_audit as a
inner join used as u on a.provider = u.provider and a.model = u.model
where a.file like '%prices/%'
order by a.committed_at desc, a.summary asc
limit 500
