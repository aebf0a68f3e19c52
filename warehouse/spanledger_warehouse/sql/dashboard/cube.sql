-- Usage and cost of the window and of the one before it, by everything that the dashboard filters by. What is not among
-- the largest is added up under null, so that the rows add up to the marts however many tenants, operations or models.
-- grain: day, tenant, service, operation, provider, model
-- variables: tenant (null = all), first_day (of the earlier window), last_day, most (names kept of each kind)
with failures as (
    select
        tenant_id,
        day,
        service,
        operation,
        provider,
        model,
        sum(contracted_cost_usd) as failed_cost
    from marts.failed_calls
    group by all
),

cells as (
    select
        c.day,
        c.tenant_id,
        c.service,
        c.operation,
        c.provider,
        c.model,
        c.calls,
        c.failed_calls,
        c.unpriced_calls + c.partially_priced_calls + c.usage_missing_calls + c.usage_partial_calls as incomplete_calls,
        coalesce(c.contracted_cost_usd, 0) as cost,
        coalesce(f.failed_cost, 0) as failed_cost,
        c.uncached_input_tokens,
        c.cache_read_tokens,
        c.cache_write_5m_tokens + c.cache_write_1h_tokens as cache_write_tokens,
        c.plain_output_tokens,
        c.reasoning_tokens,
        c.total_tokens,
        c.unpriced_tokens
    from marts.costs_by_operation_and_model as c
    left join failures as f
        on
            c.tenant_id = f.tenant_id
            and c.day = f.day
            and c.service is not distinct from f.service
            and c.operation is not distinct from f.operation
            and c.provider is not distinct from f.provider
            and c.model is not distinct from f.model
    where
        c.day between cast(getvariable('first_day') as date) and cast(getvariable('last_day') as date)
        and c.tenant_id = coalesce(cast(getvariable('tenant') as varchar), c.tenant_id)
),

tenants as (
    select
        tenant_id,
        row_number() over (order by sum(cost) desc, sum(calls) desc, tenant_id) as place
    from cells
    group by tenant_id
),

operations as (
    select
        service,
        operation,
        row_number() over (order by sum(cost) desc, sum(calls) desc, service, operation) as place
    from cells
    group by service, operation
),

models as (
    select
        provider,
        model,
        row_number() over (order by sum(cost) desc, sum(calls) desc, provider, model) as place
    from cells
    group by provider, model
),

kept as (
    select
        c.* exclude (tenant_id, service, operation, provider, model),
        case when t.place <= cast(getvariable('most') as integer) then c.tenant_id end as tenant_id,
        case when o.place <= cast(getvariable('most') as integer) then c.service end as service,
        case when o.place <= cast(getvariable('most') as integer) then c.operation end as operation,
        case when m.place <= cast(getvariable('most') as integer) then c.provider end as provider,
        case when m.place <= cast(getvariable('most') as integer) then c.model end as model
    from cells as c
    inner join tenants as t on c.tenant_id = t.tenant_id
    inner join operations as o
        on c.service is not distinct from o.service and c.operation is not distinct from o.operation
    inner join models as m on c.provider is not distinct from m.provider and c.model is not distinct from m.model
)

select
    day,
    tenant_id,
    service,
    operation,
    provider,
    model,
    cast(sum(calls) as bigint) as calls,
    cast(sum(failed_calls) as bigint) as failed_calls,
    cast(sum(incomplete_calls) as bigint) as incomplete_calls,
    cast(sum(cost) as decimal(38, 12)) as cost,
    cast(sum(failed_cost) as decimal(38, 12)) as failed_cost,
    cast(sum(uncached_input_tokens) as bigint) as uncached_input_tokens,
    cast(sum(cache_read_tokens) as bigint) as cache_read_tokens,
    cast(sum(cache_write_tokens) as bigint) as cache_write_tokens,
    cast(sum(plain_output_tokens) as bigint) as plain_output_tokens,
    cast(sum(reasoning_tokens) as bigint) as reasoning_tokens,
    cast(sum(total_tokens) as bigint) as total_tokens,
    cast(sum(unpriced_tokens) as bigint) as unpriced_tokens
from kept
group by all
order by all
