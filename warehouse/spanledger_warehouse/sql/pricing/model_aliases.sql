-- Which names mean which model, and which provider names mean which provider (rows without a pattern).
-- grain: provider, pattern, valid_from
-- materialized: loaded
-- columns:
--   pattern: regular expression that matches the whole model id; null renames the provider
--   target_provider: provider whose price holds
--   target_model: model whose price holds; null renames the provider only
create table pricing.model_aliases (
    provider varchar not null,
    pattern varchar,
    target_provider varchar not null,
    target_model varchar,
    valid_from timestamp not null,
    valid_to timestamp not null,
    file varchar not null,
    seed_line bigint not null
)
