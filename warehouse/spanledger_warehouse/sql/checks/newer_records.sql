-- Records of a newer format arrived: what this release knows of them was loaded, the rest is kept as it came.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: raw.spans
-- severity: warning
-- todo: Upgrade the warehouse to the release of the services that write them.
select
    f.path || ': version ' || cast(s.format_version as varchar) || ', ' || cast(count(*) as varchar) || ' spans'
        as example,
    count(*) as weight
from raw.spans as s
inner join raw.files as f on s.file_id = f.file_id
where s.format_version > 1 and s.day > (select max(d.day) from marts.daily_costs as d) - 35
group by f.path, s.format_version
