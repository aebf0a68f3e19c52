-- The lines of one file as text with their numbers, before anything is believed about them.
-- grain: line
create or replace temp table landing_lines as
with numbered as (
    select
        row_number() over () as line,
        text as body
    from read_csv(
        $path,
        header = false,
        columns = {'text': 'VARCHAR'},
        delim = chr(31),
        quote = '',
        escape = '',
        auto_detect = false,
        strict_mode = false,
        max_line_size = 16777220
    )
)

select
    line,
    body,
    case
        when body is null or trim(body) = '' then 'blank'
        when not json_valid(body) then 'not_json'
    end as problem
from numbered;
