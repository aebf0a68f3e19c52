-- The registry of billed units: disjoint, summing to the provider's total.
-- grain: unit
-- materialized: loaded
-- columns:
--   parent: unit that this one is a part of in the provider's own counting
--   direction: input, output, tool or call
--   modality: text, audio, image …
--   usage_column: column of a usage file that the unit is taken from
--   fallback_unit: unit whose price holds where this one has none
--   optional: whether a missing price is no gap, because the unit is billed only where it has one
create table pricing.units (
    unit varchar not null,
    per bigint not null,
    parent varchar,
    direction varchar not null,
    modality varchar,
    usage_column varchar,
    fallback_unit varchar,
    optional boolean not null,
    note varchar
)
