-- 40_screened: which indicators enter each edition.
-- Grain   one row per edition, province and indicator
-- Reads   denominated, spec_indicators
-- Method  an indicator enters an edition if a province has it, and the share of provinces that have
--         it reaches its indicator_coverage.
create or replace table screened as

with counted as (
    select
        denominated.edition,
        denominated.indicator,
        count(denominated.value) as n_observed,
        count(*) as n_provinces,
        count(denominated.value) / count(*)::double as indicator_coverage,
        count(denominated.value) > 0
        and count(denominated.value) / count(*)::double >= max(spec_indicators.indicator_coverage)
            as is_entered
    from denominated
    inner join spec_indicators on denominated.indicator = spec_indicators.indicator
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
