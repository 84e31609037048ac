-- 40_screened: which indicators enter each edition.
-- Grain   one row per edition, province and indicator
-- Reads   denominated, spec_settings
-- Method  an indicator enters an edition if the share of provinces that have it reaches
--         indicator_coverage.
create or replace table screened as

with counted as (
    select
        denominated.edition,
        denominated.indicator,
        count(denominated.value) as n_observed,
        count(*) as n_provinces,
        count(denominated.value) / count(*)::double as indicator_coverage,
        count(denominated.value) / count(*)::double >= max(spec_settings.indicator_coverage)
            as is_entered
    from denominated
    cross join spec_settings
    group by denominated.edition, denominated.indicator
)

select
    denominated.*,
    counted.n_observed,
    counted.n_provinces,
    counted.indicator_coverage,
    counted.is_entered
from denominated
inner join counted
    on
        denominated.edition = counted.edition
        and denominated.indicator = counted.indicator
order by denominated.edition, denominated.province_code, denominated.indicator;
