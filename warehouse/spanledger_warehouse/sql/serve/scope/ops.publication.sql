-- Which version this is, without the operator's paths.
-- grain: one row
select * replace ('of the operator' as seeds_source)
from ops.publication
