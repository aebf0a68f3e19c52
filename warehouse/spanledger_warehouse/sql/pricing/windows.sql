-- Times of day that have their own prices.
-- grain: provider, price_window, starts, valid_from
-- materialized: loaded
-- columns:
--   weekdays: ISO numbers of the days on which it begins, by spaces
--   starts: first instant of the day inside, in time_zone
--   ends: first instant outside, in time_zone; not after starts: on the next day
--   holidays: days on which it does not begin, by spaces
--   calendar_ends: last day that the calendar of the holidays covers; null without a calendar
--   definition: all of it in words
create table pricing.windows (
    price_window varchar not null,
    provider varchar not null,
    time_zone varchar not null,
    weekdays varchar not null,
    starts time not null,
    ends time not null,
    holidays varchar not null,
    calendar_ends date,
    definition varchar not null,
    valid_from timestamp not null,
    valid_to timestamp not null
)
