-- 50_imputed: nothing is filled in; the step keeps the place and the flag.
-- Grain   one row per edition, province and indicator
-- Reads   screened
-- Method  none (impute: none). A missing value stays missing; what it amounts to is made visible in
--         `ranked` as the implied score.
create or replace table imputed as

select
    *,
    value as imputed_value,
    false as is_imputed
from screened
order by edition, province_code, indicator;
