-- Usage and cost of every billable call and part. A line is quantity times unit price, rounded once, half to even, to
-- twelve places; the cost is the exact sum of its lines. What has no price is named, never zero.
-- grain: call_id, part
-- materialized: by day
-- columns:
--   provider: provider under the name that its prices use
--   model: model that the price belongs to; the model id as reported when nothing matches
--   matched_by: how the model id met its price: exact, alias, default or none
--   card_id: row of pricing.rate_card that priced the call; null when none did
--   used_units: units with a quantity, the optional request apart (units)
--   unpriced_units: units with a quantity but no price, separated by commas; null when all are priced
--   priced_tokens: tokens that have a price (tokens)
--   unpriced_tokens: tokens that have none (tokens)
--   list_cost_usd: cost at list prices (USD); null when nothing of it has a price
--   contracted_cost_usd: cost at agreed prices (USD); equals list where no contract applies
--   reported_cost_usd: cost that the provider itself reported (USD); null when it reported none in USD
--   cost_status: priced, partially_priced, unpriced, free, default_priced, usage_missing or no_usage
--   price_ids: price rows used, separated by commas
--   seeds_commit: commit of the seeds that priced the row
with billable as (
    select *
    from staging.stg_calls
    where disposition = 'billable'
),

other_units as (
    select
        call_id,
        part,
        count(*) as used,
        count(*) - count(unit_price) as unpriced,
        count(*) filter (where unit_price = 0) as free,
        sum(list_cost_usd) as list_cost_usd,
        sum(contracted_cost_usd) as contracted_cost_usd,
        cast(sum(case when unit_price is null then token_quantity else 0 end) as bigint) as unpriced_tokens,
        min(case when unit_price is null then unit end) as unpriced_unit,
        min(price_id) as price_id
    from ledger.other_unit_lines
    group by call_id, part
),

carded as (
    select
        c.*,
        m.billing_provider,
        m.price_model,
        m.matched_by,
        k.card_id,
        k.seeds_commit as card_commit,
        t.card_id as agreed_card_id,
        coalesce(o.used, 0) as other_used,
        coalesce(o.unpriced, 0) as other_unpriced,
        coalesce(o.free, 0) as other_free,
        coalesce(o.list_cost_usd, 0) as other_cost_usd,
        coalesce(o.contracted_cost_usd, 0) as other_contracted_usd,
        coalesce(o.unpriced_tokens, 0) as other_unpriced_tokens,
        o.unpriced_unit as other_unpriced_unit,
        o.price_id as other_price_id,
        k.input_price,
        k.input_price_id,
        k.cache_read_price,
        k.cache_read_price_id,
        k.cache_write_5m_price,
        k.cache_write_5m_price_id,
        k.cache_write_1h_price,
        k.cache_write_1h_price_id,
        k.output_price,
        k.output_price_id,
        k.reasoning_price,
        k.reasoning_price_id,
        k.input_audio_price,
        k.input_audio_price_id,
        k.output_audio_price,
        k.output_audio_price_id,
        k.input_image_price,
        k.input_image_price_id,
        k.output_image_price,
        k.output_image_price_id,
        k.web_search_price,
        k.web_search_price_id,
        k.request_price,
        k.request_price_id,
        t.input_agreed,
        t.cache_read_agreed,
        t.cache_write_5m_agreed,
        t.cache_write_1h_agreed,
        t.output_agreed,
        t.reasoning_agreed,
        t.input_audio_agreed,
        t.output_audio_agreed,
        t.input_image_agreed,
        t.output_image_agreed,
        t.web_search_agreed,
        t.request_agreed
    from billable as c
    left join pricing.model_matches as m
        on
            c.provider = m.provider
            and c.model_id = m.model_id
            and c.pricing_context = m.pricing_context
            and c.pricing_region = m.pricing_region
            and c.billed_at >= m.valid_from
            and c.billed_at < m.valid_to
    left join pricing.rate_card_by_day as k
        on
            c.day = k.day
            and m.price_provider = k.provider
            and m.price_model = k.model
            and m.price_context = k.context
            and m.price_region = k.region
            and c.billed_at >= k.valid_from
            and c.billed_at < k.valid_to
            and coalesce(c.input_tokens, 0) between k.tier_from_tokens and k.tier_to_tokens
    left join pricing.contract_card as t
        on
            c.tenant_id = t.tenant_id
            and m.billing_provider = t.billing_provider
            and k.card_id = t.card_id
            and c.billed_at >= t.valid_from
            and c.billed_at < t.valid_to
    left join other_units as o on c.call_id = o.call_id and c.part = o.part
),

costed as (
    select
        *,
        other_used
        + case when input_quantity > 0 then 1 else 0 end
        + case when cache_read_quantity > 0 then 1 else 0 end
        + case when cache_write_5m_quantity > 0 then 1 else 0 end
        + case when cache_write_1h_quantity > 0 then 1 else 0 end
        + case when output_quantity > 0 then 1 else 0 end
        + case when reasoning_quantity > 0 then 1 else 0 end
        + case when input_audio_quantity > 0 then 1 else 0 end
        + case when output_audio_quantity > 0 then 1 else 0 end
        + case when input_image_quantity > 0 then 1 else 0 end
        + case when output_image_quantity > 0 then 1 else 0 end
        + case when web_search_quantity > 0 then 1 else 0 end as used_units,
        other_unpriced
        + case when input_quantity > 0 and input_price is null then 1 else 0 end
        + case when cache_read_quantity > 0 and cache_read_price is null then 1 else 0 end
        + case when cache_write_5m_quantity > 0 and cache_write_5m_price is null then 1 else 0 end
        + case when cache_write_1h_quantity > 0 and cache_write_1h_price is null then 1 else 0 end
        + case when output_quantity > 0 and output_price is null then 1 else 0 end
        + case when reasoning_quantity > 0 and reasoning_price is null then 1 else 0 end
        + case when input_audio_quantity > 0 and input_audio_price is null then 1 else 0 end
        + case when output_audio_quantity > 0 and output_audio_price is null then 1 else 0 end
        + case when input_image_quantity > 0 and input_image_price is null then 1 else 0 end
        + case when output_image_quantity > 0 and output_image_price is null then 1 else 0 end
        + case when web_search_quantity > 0 and web_search_price is null then 1 else 0 end as missing_prices,
        other_free
        + case when input_quantity > 0 and input_price = 0 then 1 else 0 end
        + case when cache_read_quantity > 0 and cache_read_price = 0 then 1 else 0 end
        + case when cache_write_5m_quantity > 0 and cache_write_5m_price = 0 then 1 else 0 end
        + case when cache_write_1h_quantity > 0 and cache_write_1h_price = 0 then 1 else 0 end
        + case when output_quantity > 0 and output_price = 0 then 1 else 0 end
        + case when reasoning_quantity > 0 and reasoning_price = 0 then 1 else 0 end
        + case when input_audio_quantity > 0 and input_audio_price = 0 then 1 else 0 end
        + case when output_audio_quantity > 0 and output_audio_price = 0 then 1 else 0 end
        + case when input_image_quantity > 0 and input_image_price = 0 then 1 else 0 end
        + case when output_image_quantity > 0 and output_image_price = 0 then 1 else 0 end
        + case when web_search_quantity > 0 and web_search_price = 0 then 1 else 0 end as free_prices,
        other_unpriced_tokens
        + case when input_price is null then coalesce(input_quantity, 0) else 0 end
        + case when cache_read_price is null then coalesce(cache_read_quantity, 0) else 0 end
        + case when cache_write_5m_price is null then coalesce(cache_write_5m_quantity, 0) else 0 end
        + case when cache_write_1h_price is null then coalesce(cache_write_1h_quantity, 0) else 0 end
        + case when output_price is null then coalesce(output_quantity, 0) else 0 end
        + case when reasoning_price is null then coalesce(reasoning_quantity, 0) else 0 end
        + case when input_audio_price is null then coalesce(input_audio_quantity, 0) else 0 end
        + case when output_audio_price is null then coalesce(output_audio_quantity, 0) else 0 end
        + case when input_image_price is null then coalesce(input_image_quantity, 0) else 0 end
        + case when output_image_price is null then coalesce(output_image_quantity, 0) else 0 end
            as tokens_without_price,
        cast(
            other_cost_usd
            + round_even(cast(coalesce(input_quantity, 0) as decimal(12, 0)) * coalesce(input_price, 0), 12)
            + round_even(cast(coalesce(cache_read_quantity, 0) as decimal(12, 0)) * coalesce(cache_read_price, 0), 12)
            + round_even(
                cast(coalesce(cache_write_5m_quantity, 0) as decimal(12, 0)) * coalesce(cache_write_5m_price, 0), 12
            )
            + round_even(
                cast(coalesce(cache_write_1h_quantity, 0) as decimal(12, 0)) * coalesce(cache_write_1h_price, 0), 12
            )
            + round_even(cast(coalesce(output_quantity, 0) as decimal(12, 0)) * coalesce(output_price, 0), 12)
            + round_even(cast(coalesce(reasoning_quantity, 0) as decimal(12, 0)) * coalesce(reasoning_price, 0), 12)
            + round_even(cast(coalesce(input_audio_quantity, 0) as decimal(12, 0)) * coalesce(input_audio_price, 0), 12)
            + round_even(
                cast(coalesce(output_audio_quantity, 0) as decimal(12, 0)) * coalesce(output_audio_price, 0), 12
            )
            + round_even(cast(coalesce(input_image_quantity, 0) as decimal(12, 0)) * coalesce(input_image_price, 0), 12)
            + round_even(
                cast(coalesce(output_image_quantity, 0) as decimal(12, 0)) * coalesce(output_image_price, 0), 12
            )
            + round_even(cast(coalesce(web_search_quantity, 0) as decimal(12, 0)) * coalesce(web_search_price, 0), 12)
            + round_even(cast(coalesce(request_quantity, 0) as decimal(12, 0)) * coalesce(request_price, 0), 12)
            as decimal(38, 12)
        ) as known_cost_usd,
        case
            when agreed_card_id is not null
                then cast(
                    other_contracted_usd
                    + round_even(
                        cast(coalesce(input_quantity, 0) as decimal(12, 0)) * coalesce(input_agreed, 0), 12
                    )
                    + round_even(
                        cast(coalesce(cache_read_quantity, 0) as decimal(12, 0)) * coalesce(cache_read_agreed, 0), 12
                    )
                    + round_even(
                        cast(coalesce(cache_write_5m_quantity, 0) as decimal(12, 0))
                        * coalesce(cache_write_5m_agreed, 0),
                        12
                    )
                    + round_even(
                        cast(coalesce(cache_write_1h_quantity, 0) as decimal(12, 0))
                        * coalesce(cache_write_1h_agreed, 0),
                        12
                    )
                    + round_even(
                        cast(coalesce(output_quantity, 0) as decimal(12, 0)) * coalesce(output_agreed, 0), 12
                    )
                    + round_even(
                        cast(coalesce(reasoning_quantity, 0) as decimal(12, 0)) * coalesce(reasoning_agreed, 0), 12
                    )
                    + round_even(
                        cast(coalesce(input_audio_quantity, 0) as decimal(12, 0)) * coalesce(input_audio_agreed, 0), 12
                    )
                    + round_even(
                        cast(coalesce(output_audio_quantity, 0) as decimal(12, 0)) * coalesce(output_audio_agreed, 0),
                        12
                    )
                    + round_even(
                        cast(coalesce(input_image_quantity, 0) as decimal(12, 0)) * coalesce(input_image_agreed, 0), 12
                    )
                    + round_even(
                        cast(coalesce(output_image_quantity, 0) as decimal(12, 0)) * coalesce(output_image_agreed, 0),
                        12
                    )
                    + round_even(
                        cast(coalesce(web_search_quantity, 0) as decimal(12, 0)) * coalesce(web_search_agreed, 0), 12
                    )
                    + round_even(
                        cast(coalesce(request_quantity, 0) as decimal(12, 0)) * coalesce(request_agreed, 0), 12
                    )
                    as decimal(38, 12)
                )
        end as agreed_cost_usd,
        nullif(concat_ws(
            ',',
            case when input_quantity > 0 and input_price is null then 'input' end,
            case when cache_read_quantity > 0 and cache_read_price is null then 'cache_read' end,
            case when cache_write_5m_quantity > 0 and cache_write_5m_price is null then 'cache_write_5m' end,
            case when cache_write_1h_quantity > 0 and cache_write_1h_price is null then 'cache_write_1h' end,
            case when output_quantity > 0 and output_price is null then 'output' end,
            case when reasoning_quantity > 0 and reasoning_price is null then 'reasoning' end,
            case when input_audio_quantity > 0 and input_audio_price is null then 'input_audio' end,
            case when output_audio_quantity > 0 and output_audio_price is null then 'output_audio' end,
            case when input_image_quantity > 0 and input_image_price is null then 'input_image' end,
            case when output_image_quantity > 0 and output_image_price is null then 'output_image' end,
            case when web_search_quantity > 0 and web_search_price is null then 'web_search' end,
            other_unpriced_unit
        ), '') as unpriced_units,
        nullif(concat_ws(
            ',',
            case when input_quantity > 0 then input_price_id end,
            case when cache_read_quantity > 0 then cache_read_price_id end,
            case when cache_write_5m_quantity > 0 then cache_write_5m_price_id end,
            case when cache_write_1h_quantity > 0 then cache_write_1h_price_id end,
            case when output_quantity > 0 then output_price_id end,
            case when reasoning_quantity > 0 then reasoning_price_id end,
            case when input_audio_quantity > 0 then input_audio_price_id end,
            case when output_audio_quantity > 0 then output_audio_price_id end,
            case when input_image_quantity > 0 then input_image_price_id end,
            case when output_image_quantity > 0 then output_image_price_id end,
            case when web_search_quantity > 0 then web_search_price_id end,
            case when request_quantity > 0 then request_price_id end,
            other_price_id
        ), '') as price_ids
    from carded
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
),

amounts as (
    select
        *,
        cast(
            case
                when cost_status = 'no_usage' then 0
                when cost_status in ('priced', 'partially_priced', 'free', 'default_priced') then known_cost_usd
            end as decimal(38, 12)
        ) as list_cost_usd,
        cast(
            case
                when cost_status = 'no_usage' then 0
                when cost_status in ('priced', 'partially_priced', 'free', 'default_priced')
                    then coalesce(agreed_cost_usd, known_cost_usd)
            end as decimal(38, 12)
        ) as contracted_cost_usd
    from judged
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
    input_quantity,
    cache_read_quantity,
    cache_write_5m_quantity,
    cache_write_1h_quantity,
    output_quantity,
    reasoning_quantity,
    input_audio_quantity,
    output_audio_quantity,
    input_image_quantity,
    output_image_quantity,
    web_search_quantity,
    request_quantity,
    used_units,
    unpriced_units,
    coalesce(total_tokens, 0) - tokens_without_price as priced_tokens,
    tokens_without_price as unpriced_tokens,
    list_cost_usd,
    contracted_cost_usd,
    case
        when reported_cost_currency = 'USD' then cast(round_even(reported_cost, 12) as decimal(38, 12))
    end as reported_cost_usd,
    cost_status,
    price_ids,
    coalesce(card_commit, (select s.seeds_commit from pricing.seeds as s)) as seeds_commit
from amounts
