-- Who pays: name, time zone and currency of tenants. A tenant that is not listed uses UTC and USD.
-- grain: tenant, valid_from
-- materialized: loaded
-- columns:
--   tenant: tenant id as the span names it
--   name: name for people
--   parent: tenant that this one belongs to
--   time_zone: IANA time zone of the tenant's business days
create table pricing.tenants (
    tenant varchar not null,
    name varchar,
    time_zone varchar not null,
    currency varchar not null,
    parent varchar,
    valid_from timestamp not null,
    valid_to timestamp not null
)
