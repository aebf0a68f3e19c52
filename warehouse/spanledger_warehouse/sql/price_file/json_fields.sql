-- The fields of the objects of a JSON file, in the order in which they first appear.
-- grain: name
with listed as (
    select
        _row,
        json_keys(json) as names
    from usage_file
),

placed as (
    select
        _row,
        unnest(names) as name,
        unnest(range(len(names))) as place
    from listed
)

select name
from placed
group by name
order by min(_row), min(place)
