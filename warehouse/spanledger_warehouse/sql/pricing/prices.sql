-- Every price row of the seeds, in force or not, with the time it holds and where it stands.
-- grain: price_id
-- materialized: loaded
-- columns:
--   price_id: versioned hash of the row; names the price in every cost line
--   provider: who bills
--   model: model that a price or a cost belongs to
--   unit: billed unit, as named in pricing.units
--   context: standard, batch, flex, priority, fast …
--   region: region or residency; global when the price knows none
--   price_window: time-of-day window of the price; empty when it holds all day
--   tier_above: the price holds for requests whose total input is above this (tokens)
--   effective_from: first instant in force, as the row says (UTC)
--   price: price of `per` units, in `currency`
--   per: number of units that the price is for
--   currency: currency of the price (ISO 4217)
--   effective_to: end as the row says (UTC); null unless the price ends
--   change_kind: why the row was added
--   supersedes: price_id of the row that this one ends, withdraws or corrects
--   evidence_url: where the price is stated
--   evidence_date: when it was read there
--   basis: how the price is known
--   note: for people
--   unit_price: price of one unit, exact (in `currency`)
--   in_force: false when another row supersedes this one
--   valid_from: first instant at which the price holds (UTC)
--   valid_to: first instant at which it holds no more (UTC); 9999-12-31 when still open
--   file: seed file
--   seed_line: line in the seed file
--   seed_commit: commit that brought the row; the release for packaged seeds
--   seed_author: author of that commit
--   committed_at: time of that commit (UTC)
create table pricing.prices (
    price_id varchar not null,
    provider varchar not null,
    model varchar not null,
    unit varchar not null,
    context varchar not null,
    region varchar not null,
    price_window varchar not null,
    tier_above bigint not null,
    effective_from timestamp not null,
    price decimal(20, 10) not null,
    per bigint not null,
    currency varchar not null,
    effective_to timestamp,
    change_kind varchar not null,
    supersedes varchar,
    evidence_url varchar,
    evidence_date date,
    basis varchar,
    note varchar,
    unit_price decimal(20, 16) not null,
    in_force boolean not null,
    valid_from timestamp not null,
    valid_to timestamp not null,
    file varchar not null,
    seed_line bigint not null,
    seed_commit varchar,
    seed_author varchar,
    committed_at timestamp
)
