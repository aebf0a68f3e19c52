-- Of the lines of the batch, those that did not become spans.
-- grain: file_id, line
create or replace temp table landing_lines as
select l.*
from landing_lines as l
anti join raw.spans as s on l.file_id = s.file_id and l.line = s.line and s.file_id >= $first_file_id
