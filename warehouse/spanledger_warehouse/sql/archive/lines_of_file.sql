-- The archived lines of one file that lie in some parts, as the loader reads lines.
-- grain: line
create or replace temp table landing_lines as
select
    line,
    body,
    cast(null as varchar) as problem
from archived_lines
where file_id = $file_id
