-- Reviewed rules that give calls to another tenant than their span names, for a time. The rule that asks for most wins.
-- grain: attribution, valid_from
-- materialized: loaded
-- columns:
--   attribution: name of the rule
--   metadata_key: key of the caller's metadata that the rule asks for; null for any call
--   metadata_value: value that this key must have; null for any
--   target_tenant: tenant that pays instead
create table pricing.attribution (
    attribution varchar not null,
    tenant varchar,
    service varchar,
    operation varchar,
    metadata_key varchar,
    metadata_value varchar,
    target_tenant varchar not null,
    reason varchar not null,
    valid_from timestamp not null,
    valid_to timestamp not null,
    specificity integer not null,
    file varchar,
    seed_line integer
)
