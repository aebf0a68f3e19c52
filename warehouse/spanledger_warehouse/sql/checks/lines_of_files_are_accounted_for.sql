-- Every line of a landing file must be a record, a reject or blank, once.
-- grain: one row a violation: example, weight (how many it stands for)
-- table: raw.files
-- severity: error
-- todo: Do not publish; keep the file, and report it as a defect of Spanledger.
select
    path || ': ' || cast(lines as varchar) || ' lines, '
    || cast(spans + losses + segments + rejected + blank as varchar) || ' accounted for' as example,
    abs(lines - spans - losses - segments - rejected - blank) as weight
from raw.files
where lines <> spans + losses + segments + rejected + blank
