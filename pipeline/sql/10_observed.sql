-- 10_observed: every figure the raw files hold, as read.
-- Grain   one row per scheme, province, variable, year and source cell
-- Reads   ingested
-- Method  none: types and order only. An undated figure has no year.
create or replace table observed as

select
    scheme,
    province_code,
    variable,
    cast(year as bigint) as year,
    period,
    value,
    value_low,
    value_high,
    qualifier,
    unit,
    obs_status,
    source_id,
    locator,
    raw,
    origin,
    correction,
    name_raw,
    handling
from ingested
order by scheme, province_code, variable, year nulls first, source_id, locator;
