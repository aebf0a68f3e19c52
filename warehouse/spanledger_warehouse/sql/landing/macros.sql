-- What makes a span record acceptable. Temporary: only the loader uses them. Casts are tries: DuckDB may evaluate
-- both sides of an `and`, so a pattern does not keep text that is no number from the cast beside it.

-- Nanoseconds since 1970 as a UTC instant between 2020 and 2099; null for everything else.
create or replace temp macro landing_time(nanoseconds) as
case
    when regexp_full_match(nanoseconds, '[0-9]{19}')
        and try_cast(nanoseconds as hugeint) >= 1577836800000000000
        and try_cast(nanoseconds as hugeint) < 4102444800000000000
        then make_timestamp(cast(try_cast(nanoseconds as bigint) // 1000 as bigint))
end;

create or replace temp macro landing_has_sequence(r) as
coalesce(r.process <> '' and regexp_full_match(r.sequence, '[1-9][0-9]{0,17}'), false);

create or replace temp macro landing_has_ids(r) as
coalesce(regexp_full_match(r.trace_id, '[0-9a-f]{32}') and regexp_full_match(r.span_id, '[0-9a-f]{16}'), false);

create or replace temp macro landing_span_problem(r) as
case
    when not landing_has_sequence(r) and not landing_has_ids(r) then 'no_identity'
    when landing_time(r.start_time_unix_nano) is null or landing_time(r.end_time_unix_nano) is null then 'bad_time'
end;

-- The reason of a span that the receiver refused, and in words what it refused and who had sent it.
create or replace temp macro landing_refusal(r, body) as
case
    when r.reason is null then 'refused'
    else
        r.reason || ': ' || coalesce(body ->> '$.detail', 'the receiver refused it')
        || coalesce(' (sent by ' || (body ->> '$.source') || ')', '')
end;
