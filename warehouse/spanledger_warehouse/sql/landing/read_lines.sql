-- The lines of all files of a batch as text, each with its file and number, before anything is believed about them.
-- Lines are numbered across the files, in their order; `landing_files` says at which each begins.
-- grain: file_id, line
create or replace temp table landing_lines as
with numbered as (
    select
        row_number() over () as number,
        text as body
    from read_csv(
        $paths,
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
    f.file_id,
    n.number - f.lines_before as line,
    n.body
from numbered as n
inner join landing_files as f on n.number > f.lines_before and n.number <= f.lines_before + f.lines
