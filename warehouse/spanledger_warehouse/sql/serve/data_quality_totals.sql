-- How many findings there are.
-- grain: one row
select count(*) as rows_in_all
from marts.data_quality
