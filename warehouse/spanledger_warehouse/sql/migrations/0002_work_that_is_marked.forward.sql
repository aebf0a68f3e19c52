-- Work is marked in the order in which it came up, and builds say how far they are; what a day cost before it was
-- built again is kept until the result is published.
create sequence ops.marks;
alter table ops.dirty_days add column mark bigint default nextval('ops.marks');
create table ops.built_days (model varchar not null, day date not null, mark bigint not null);
create table ops.days_before (
    tenant_id varchar,
    day date not null,
    calls bigint,
    list_cost_usd decimal(38, 12),
    contracted_cost_usd decimal(38, 12)
);
create table ops.archived_files (file_id bigint not null, batch bigint);
