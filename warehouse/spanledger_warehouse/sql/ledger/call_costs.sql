-- Usage and cost of every billable call and part. A line is quantity times unit price, rounded once, half to even, to
-- twelve places; the cost is the exact sum of its lines. What has no price is named, never zero.
-- grain: call_id, part
-- materialized: by day
-- columns:
--   provider: provider under the name that its prices use
--   model: model that the price belongs to; the model id as reported when nothing matches
--   matched_by: how the model id met its price: exact, alias, default or none
--   card_id: row of pricing.rate_card that priced the call; null when none did
--   used_units: units with a quantity; the optional request only where it has a price (units)
--   unpriced_units: units with a quantity but no price, separated by commas; null when all are priced
--   priced_tokens: tokens that have a price (tokens)
--   unpriced_tokens: tokens that have none (tokens)
--   list_cost_usd: cost at list prices (USD); null when nothing of it has a price
--   contracted_cost_usd: cost at agreed prices (USD); equals list where no contract applies; null also when a price
--     agreed in another currency has no rate of the day
--   reported_cost_usd: cost that the provider itself reported (USD); null when it reported none in USD
--   cost_status: priced, partially_priced, unpriced, free, default_priced, usage_missing or no_usage
--   price_ids: price rows used, separated by commas
--   seeds_commit: commit of the seeds that priced the row
with other_units as (
    select
        call_id,
        part,
        count(distinct unit) as used,
        count(distinct case when unit_price is null then unit end) as unpriced,
        count(distinct unit) - count(distinct case when unit_price is null or unit_price > 0 then unit end) as free,
        count(*) - count(contracted_unit_price) > count(*) - count(unit_price) as lacks_agreed_price,
        sum(list_cost_usd) as list_cost_usd,
        sum(contracted_cost_usd) as contracted_cost_usd,
        cast(sum(case when unit_price is null then token_quantity else 0 end) as bigint) as unpriced_tokens,
        string_agg(
            case when unit_price is null then unit end, ',' order by case when unit_price is null then unit end
        ) as unpriced_units,
        string_agg(price_id, ',' order by price_id) as price_ids
    from ledger.other_unit_lines
    group by call_id, part
),

matched as (
    select
        c.*,
        m.billing_provider,
        m.price_provider,
        m.price_model,
        m.price_context,
        m.price_region,
        m.matched_by,
        case when m.bills_at_start then coalesce(c.started_at, c.billed_at) else c.billed_at end as priced_at
    from staging.stg_calls as c
    left join pricing.model_matches as m
        on
            c.provider = m.provider
            and c.model_id = m.model_id
            and c.pricing_context = m.pricing_context
            and c.pricing_region = m.pricing_region
            and c.billed_at >= m.valid_from
            and c.billed_at < m.valid_to
    where c.disposition = 'billable'
),

-- What other_unit_lines has priced is left out here: all that has a price where the card is not a wide one.
carded as (
    select
        c.*,
        k.card_id,
        k.seeds_commit as card_commit,
        t.card_id as agreed_card_id,
        o.used as other_used,
        o.unpriced as other_unpriced,
        o.free as other_free,
        o.lacks_agreed_price,
        o.list_cost_usd as other_cost_usd,
        o.contracted_cost_usd as other_contracted_usd,
        o.unpriced_tokens as other_unpriced_tokens,
        o.unpriced_units as other_unpriced_units,
        /* each metered unit */
        case when k.is_wide then c.input_quantity when k.input_price is null then c.input_quantity end as input_units,
        /* end unit */
        case when k.is_wide and k.request_price is not null then c.request_quantity end as request_units,
        /* each unit */
        k.input_price,
        k.input_price_12,
        k.input_price_id,
        t.input_agreed,
        t.input_agreed_12,
        /* end unit */
        o.price_ids as other_price_ids
    from matched as c
    left join pricing.rate_card_by_day as k
        on
            cast(c.priced_at as date) = k.day
            and c.price_provider = k.provider
            and c.price_model = k.model
            and c.price_context = k.context
            and c.price_region = k.region
            and c.priced_at >= k.valid_from
            and c.priced_at < k.valid_to
            and coalesce(c.input_tokens, 0) between k.tier_from_tokens and k.tier_to_tokens
    left join pricing.contract_card as t
        on
            c.tenant_id = t.tenant_id
            and c.billing_provider = t.billing_provider
            and k.card_id = t.card_id
            and c.priced_at >= t.valid_from
            and c.priced_at < t.valid_to
    left join other_units as o on c.call_id = o.call_id and c.part = o.part
),

counted as (
    select
        *,
        (
            coalesce(other_used, 0)
            /* each unit */
            + case when input_units > 0 then 1 else 0 end
            /* end unit */
        ) as used_units,
        (
            coalesce(other_unpriced, 0)
            /* each unit */
            + case when input_units > 0 and input_price is null then 1 else 0 end
            /* end unit */
        ) as missing_prices,
        (
            coalesce(other_free, 0)
            /* each unit */
            + case when input_units > 0 and input_price = 0 then 1 else 0 end
            /* end unit */
        ) as free_prices,
        (
            coalesce(other_unpriced_tokens, 0)
            /* each token unit */
            + case when input_units > 0 and input_price is null then input_units else 0 end
            /* end unit */
        ) as tokens_without_price
    from carded
),

-- A price of at most twelve places needs no rounding: the product is exact.
costed as (
    select
        *,
        cast(
            coalesce(other_cost_usd, 0)
            /* each unit */
            + case
                when input_units > 0 and input_price_12 is not null
                    then cast(input_units as decimal(12, 0)) * input_price_12
                when input_units > 0 and input_price is not null
                    then cast(round_even(cast(input_units as decimal(12, 0)) * input_price, 12) as decimal(26, 12))
                else 0
            end
            /* end unit */
            as decimal(38, 12)
        ) as known_cost_usd,
        case
            when agreed_card_id is not null then cast(
                coalesce(other_contracted_usd, 0)
                /* each unit */
                + case
                    when input_units > 0 and input_agreed_12 is not null
                        then cast(input_units as decimal(12, 0)) * input_agreed_12
                    when input_units > 0 and input_agreed is not null
                        then cast(round_even(cast(input_units as decimal(12, 0)) * input_agreed, 12) as decimal(26, 12))
                    else 0
                end
                /* end unit */
                as decimal(38, 12)
            )
        end as agreed_cost_usd,
        coalesce(lacks_agreed_price, false)
        or (
            agreed_card_id is not null
            and (
                false
                /* each unit */
                or (input_units > 0 and input_agreed is null and input_price is not null)
                /* end unit */
            )
        ) as agreed_is_unknown,
        case
            when missing_prices > 0
                then concat_ws(
                    ',',
                    /* each unit */
                    case when input_units > 0 and input_price is null then 'input' end,
                    /* end unit */
                    other_unpriced_units
                )
        end as unpriced_units,
        nullif(concat_ws(
            ',',
            /* each unit */
            case when input_units > 0 then input_price_id end,
            /* end unit */
            other_price_ids
        ), '') as price_ids
    from counted
),

judged as (
    select
        *,
        case
            when usage_status = 'missing' and not success and usage_issue is null then 'no_usage'
            when usage_status = 'missing' then 'usage_missing'
            when card_id is null or (used_units > 0 and missing_prices = used_units) then 'unpriced'
            when missing_prices > 0 then 'partially_priced'
            when matched_by = 'default' then 'default_priced'
            when used_units > 0 and free_prices = used_units then 'free'
            else 'priced'
        end as cost_status
    from costed
)

select
    call_id,
    part,
    tenant_id,
    day,
    business_day,
    billed_at,
    service,
    environment,
    operation,
    coalesce(billing_provider, provider) as provider,
    case when matched_by in ('exact', 'alias') then price_model else model_id end as model,
    model_id,
    coalesce(matched_by, 'none') as matched_by,
    pricing_context,
    pricing_region,
    card_id,
    success,
    error_type,
    attempt,
    duration_ms,
    duration_bucket_ms,
    usage_status,
    usage_issue,
    input_tokens,
    output_tokens,
    total_tokens,
    /* each unit */
    input_quantity,
    /* end unit */
    used_units,
    unpriced_units,
    coalesce(total_tokens, 0) - tokens_without_price as priced_tokens,
    tokens_without_price as unpriced_tokens,
    cast(
        case
            when cost_status = 'no_usage' then 0
            when cost_status not in ('unpriced', 'usage_missing') then known_cost_usd
        end as decimal(38, 12)
    ) as list_cost_usd,
    cast(
        case
            when cost_status = 'no_usage' then 0
            when cost_status not in ('unpriced', 'usage_missing') and not agreed_is_unknown
                then coalesce(agreed_cost_usd, known_cost_usd)
        end as decimal(38, 12)
    ) as contracted_cost_usd,
    case
        when reported_cost_currency = 'USD' then cast(round_even(reported_cost, 12) as decimal(38, 12))
    end as reported_cost_usd,
    cost_status,
    price_ids,
    coalesce(card_commit, (select s.seeds_commit from pricing.seeds as s)) as seeds_commit
from judged
