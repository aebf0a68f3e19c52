-- Foreign spans of all days, for models that look beyond the days that they build.
-- grain: file_id, line
-- materialized: view
select *
from staging.stg_foreign_spans
