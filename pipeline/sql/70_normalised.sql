-- 70_normalised: bring every treated indicator onto one scale.
-- Grain   one row per edition, province and indicator
-- Reads   treated, spec_indicators, spec_settings
-- Method  min-max over the provinces of the edition (OECD/JRC Handbook, normalisation). Indicators
--         with direction -1 are turned round here and nowhere else. An indicator that did not enter
--         the edition has no score. A constant indicator gives 0/0, which the contract refuses.
create or replace table normalised as

with bounds as (
    select
        edition,
        indicator,
        min(treated_value) as lowest,
        max(treated_value) as highest
    from treated
    where is_entered
    group by edition, indicator
)

select
    treated.*,
    case spec_indicators.direction
        when 1 then treated.treated_value - bounds.lowest
        when -1 then bounds.highest - treated.treated_value
    end / (bounds.highest - bounds.lowest)
    * (spec_settings.upper - spec_settings.lower) + spec_settings.lower as score
from treated
left join bounds
    on
        treated.edition = bounds.edition
        and treated.indicator = bounds.indicator
left join spec_indicators on treated.indicator = spec_indicators.indicator
cross join spec_settings
order by treated.edition, treated.province_code, treated.indicator;
