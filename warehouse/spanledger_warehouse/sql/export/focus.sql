-- The ledger as FOCUS Cost and Usage rows; the columns of every supported version, of which an export takes its own.
-- grain: UTC day, tenant, service, environment, operation, provider, model, context, region, unit, price, contract, class
-- variables: tenant (null = all), first_day, last_day (inclusive; null = open), billing_account (null = the provider)
-- A quantity is expressed in units whose number is a power of ten, so that price times quantity is exact. A line whose
-- price is not known has its usage, no unit price and a cost of 0, and says so in x_CostStatus and in its description:
-- the columns of cost may not be null in FOCUS.
with names (provider, display_name) as (
    values
    ('alibaba', 'Alibaba Cloud'), ('anthropic', 'Anthropic'), ('aws', 'Amazon Web Services'), ('azure', 'Microsoft'),
    ('cerebras', 'Cerebras'), ('cohere', 'Cohere'), ('databricks', 'Databricks'), ('deepseek', 'DeepSeek'),
    ('fireworks', 'Fireworks AI'), ('google', 'Google'), ('groq', 'Groq'), ('mistral', 'Mistral AI'),
    ('openai', 'OpenAI'), ('openrouter', 'OpenRouter'), ('perplexity', 'Perplexity'), ('together', 'Together AI'),
    ('voyageai', 'Voyage AI'), ('x-ai', 'xAI')
),

units as (
    select
        unit,
        direction,
        case modality
            when 'text' then 'Tokens' when 'audio' then 'Tokens' when 'image' then 'Tokens' when 'video' then 'Tokens'
            when 'audio_time' then 'Seconds' when 'video_time' then 'Seconds' when 'characters' then 'Characters'
            when 'pages' then 'Pages' when 'images' then 'Images' when 'search' then 'Searches'
            else 'Requests'
        end as consumed_unit,
        case modality when 'text' then '' else concat(upper(modality[1]), modality[2:], ' ') end as modality_name,
        case when per in (1, 1000, 1000000) then per else 1 end as pricing_per,
        case per when 1000 then 0.001 when 1000000 then 0.000001 else 1.0 end as in_pricing_units
    from pricing.units
),

lines as (
    select
        l.day,
        l.tenant_id,
        c.service,
        c.environment,
        c.operation,
        coalesce(p.provider, c.provider) as provider,
        coalesce(p.model, c.model) as model,
        coalesce(p.context, c.pricing_context) as context,
        c.pricing_region as region,
        coalesce(l.priced_as, l.unit) as priced_as,
        l.unit,
        l.contract,
        l.charge_class,
        l.contracted_cost_usd is not null as is_priced,
        case when l.contracted_cost_usd is not null then l.price_id end as price_id,
        case when l.list_cost_usd is not null then l.unit_price end as unit_price,
        case when l.contracted_cost_usd is not null then l.contracted_unit_price end as contracted_unit_price,
        case
            when l.contracted_cost_usd is null then 'unpriced'
            when c.cost_status = 'default_priced' then 'default_priced'
            when l.contracted_unit_price = 0 then 'free'
            else 'priced'
        end as cost_status,
        c.seeds_commit,
        l.call_id,
        l.quantity,
        l.billed_quantity,
        l.list_cost_usd,
        l.contracted_cost_usd
    from ledger.cost_lines as l
    left join marts.calls as c on l.call_id = c.call_id and l.day = c.day
    left join pricing.prices as p on l.price_id = p.price_id
    where
        l.tenant_id = coalesce(cast(getvariable('tenant') as varchar), l.tenant_id)
        and l.day >= coalesce(cast(getvariable('first_day') as date), '-infinity')
        and l.day <= coalesce(cast(getvariable('last_day') as date), 'infinity')
),

charges as (
    select
        * exclude (call_id, quantity, billed_quantity, list_cost_usd, contracted_cost_usd),
        count(distinct call_id) as calls,
        sum(quantity) as quantity,
        sum(billed_quantity) as billed_quantity,
        coalesce(sum(list_cost_usd), 0) as list_cost,
        coalesce(sum(contracted_cost_usd), 0) as contracted_cost
    from lines
    group by all
),

named as (
    select
        c.*,
        u.consumed_unit,
        u.pricing_per,
        coalesce(n.display_name, c.provider) as provider_name,
        case u.pricing_per when 1 then u.consumed_unit else concat(u.pricing_per, ' ', u.consumed_unit) end
            as pricing_unit,
        concat(
            case m.direction when 'input' then 'Input ' when 'output' then 'Output ' else '' end,
            m.modality_name,
            m.consumed_unit
        ) as meter,
        cast(cast(c.billed_quantity as decimal(31, 0)) * cast(u.in_pricing_units as decimal(7, 6)) as decimal(38, 6))
            as pricing_quantity,
        cast(cast(u.pricing_per as decimal(12, 0)) * c.unit_price as decimal(38, 16)) as list_unit_price,
        cast(cast(u.pricing_per as decimal(12, 0)) * c.contracted_unit_price as decimal(38, 16))
            as contracted_unit_price_of_many
    from charges as c
    left join units as u on c.unit = u.unit
    left join units as m on c.priced_as = m.unit
    left join names as n on c.provider = n.provider
)

select
    cast(contracted_cost as decimal(38, 12)) as "BilledCost",
    coalesce(cast(getvariable('billing_account') as varchar), provider) as "BillingAccountId",
    coalesce(cast(getvariable('billing_account') as varchar), provider_name) as "BillingAccountName",
    'Account' as "BillingAccountType",
    'USD' as "BillingCurrency",
    strftime(cast(date_trunc('month', day) + interval 1 month as timestamp), '%Y-%m-%dT%H:%M:%SZ')
        as "BillingPeriodEnd",
    strftime(cast(date_trunc('month', day) as timestamp), '%Y-%m-%dT%H:%M:%SZ') as "BillingPeriodStart",
    'Usage' as "ChargeCategory",
    charge_class as "ChargeClass",
    case
        when is_priced
            then concat(unit, ' of ', model, ' (', context, '), ', provider_name, ', at ', contracted_unit_price_of_many,
                ' USD per ', pricing_unit)
        else concat(unit, ' of ', model, ', ', provider_name, ': its price is not known, its cost is not included')
    end as "ChargeDescription",
    'Usage-Based' as "ChargeFrequency",
    strftime(cast(day + interval 1 day as timestamp), '%Y-%m-%dT%H:%M:%SZ') as "ChargePeriodEnd",
    strftime(cast(day as timestamp), '%Y-%m-%dT%H:%M:%SZ') as "ChargePeriodStart",
    cast(quantity as decimal(38, 1)) as "ConsumedQuantity",
    consumed_unit as "ConsumedUnit",
    cast(contracted_cost as decimal(38, 12)) as "ContractedCost",
    contracted_unit_price_of_many as "ContractedUnitPrice",
    cast(contracted_cost as decimal(38, 12)) as "EffectiveCost",
    provider_name as "HostProviderName",
    provider_name as "InvoiceIssuerName",
    cast(list_cost as decimal(38, 12)) as "ListCost",
    list_unit_price as "ListUnitPrice",
    case when is_priced then case context when 'standard' then 'Standard' else 'Other' end end as "PricingCategory",
    'USD' as "PricingCurrency",
    contracted_unit_price_of_many as "PricingCurrencyContractedUnitPrice",
    cast(contracted_cost as decimal(38, 12)) as "PricingCurrencyEffectiveCost",
    list_unit_price as "PricingCurrencyListUnitPrice",
    pricing_quantity as "PricingQuantity",
    pricing_unit as "PricingUnit",
    provider_name as "ProviderName",
    provider_name as "PublisherName",
    'AI and Machine Learning' as "ServiceCategory",
    concat(provider_name, ' API') as "ServiceName",
    provider_name as "ServiceProviderName",
    'Generative AI' as "ServiceSubcategory",
    concat_ws('/', provider, model, priced_as) as "SkuId",
    meter as "SkuMeter",
    case
        when is_priced
            then json_merge_patch(
                '{}',
                json_object(
                    'x_ModelId', model, 'x_TokenDirection', case when consumed_unit = 'Tokens' then split_part(meter, ' ', 1) end,
                    'x_Unit', priced_as, 'x_Context', context, 'x_Region', region
                )
            )
    end as "SkuPriceDetails",
    price_id as "SkuPriceId",
    tenant_id as "SubAccountId",
    tenant_id as "SubAccountName",
    'Tenant' as "SubAccountType",
    json_merge_patch(
        '{}', json_object('service', service, 'environment', environment, 'operation', operation)
    ) as "Tags",
    calls as "x_Calls",
    contract as "x_Contract",
    cost_status as "x_CostStatus",
    model as "x_Model",
    seeds_commit as "x_SeedsCommit",
    unit as "x_Unit"
from named
order by day, tenant_id, provider, model, unit, context, region, service, environment, operation, price_id, contract,
    charge_class
