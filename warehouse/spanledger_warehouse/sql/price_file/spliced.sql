-- The objects of a JSON file as they came, each in one line, with what pricing adds at their end. Amounts are texts: a
-- number would be read as a float.
-- grain: _row
create table spliced as
with costs as (
    select
        call_id,
        cast(to_json(struct_pack(
            list_cost_usd := cast(list_cost_usd as varchar),
            contracted_cost_usd := cast(contracted_cost_usd as varchar),
            cost_status := cost_status,
            price_ids := price_ids
        )) as varchar) as added
    from ledger.call_costs
),

flat as (
    select
        _row,
        trim(translate(cast(json as varchar), chr(10) || chr(13), '  ')) as text
    from usage_file
)

select
    f._row,
    rtrim(left(f.text, length(f.text) - 1)) || ', ' || substr(c.added, 2) as line
from flat as f
inner join costs as c on cast(f._row as varchar) = c.call_id
