-- 70_normalised: bring every treated indicator onto one scale.
-- Grain   one row per edition, province and indicator
-- Reads   treated, spec_indicators, spec_settings
-- Method  the norm_method of the indicator (docs/methods/normalise.md; by default min-max) over the
--         provinces of the edition, or over those of all editions together. A value times its
--         direction is y, so that more is better; indicators are turned round here and nowhere else.
--         share is how far up the range norm_lower to norm_upper a value comes. An indicator that
--         did not enter the edition has no score. A constant indicator gives 0/0, which is refused.
create or replace table normalised as

with turned as (
    select
        treated.edition,
        treated.province_code,
        treated.indicator,
        treated.treated_value * spec_indicators.direction as y,
        treated.province_code = spec_indicators.reference as is_reference,
        case when spec_settings.is_together then '' else treated.edition end as panel
    from treated
    inner join spec_indicators on treated.indicator = spec_indicators.indicator
    cross join spec_settings
    where treated.is_entered and treated.treated_value is not null
),

-- Position counted from the worst, which is 1: tied values share the worst or the best of theirs.
placed as (
    select
        *,
        rank() over (partition by panel, indicator order by y) as position_worse,
        count(*) over (partition by panel, indicator order by y) as position_better
    from turned
),

columns_of as (
    select
        panel,
        indicator,
        list(y) as ys,
        count(*)::double as n,
        min(y) as worst,
        max(y) as best,
        max(y) filter (where is_reference) as reference_y
    from turned
    group by panel, indicator
),

averaged as (
    select
        *,
        sum_of(ys) / n as mean_y
    from columns_of
),

spread as (
    select
        *,
        sum_of(list_transform(ys, lambda y: power(y - mean_y, 2))) as squares
    from averaged
),

-- What the scale of each indicator rests on, turned as the values are.
based as (
    select
        spread.*,
        spec_indicators.* exclude (indicator),  -- noqa: RF02
        case
            when spec_indicators.direction = 1 then spec_indicators.bound_low
            else -spec_indicators.bound_high
        end as bound_worse,
        spec_indicators.bound_high - spec_indicators.bound_low as bound_span,
        case spec_indicators.norm_method
            when 'distance_to_target' then spec_indicators.target * spec_indicators.direction
            when 'distance_to_reference' then spread.reference_y
        end as goal
    from spread
    inner join spec_indicators on spread.indicator = spec_indicators.indicator
),

shared as (
    select
        placed.edition,
        placed.province_code,
        placed.indicator,
        based.* exclude (panel, indicator),  -- noqa: RF02
        placed.y - based.mean_y as deviation,
        case
            when based.norm_method in ('minmax', 'distance_to_best')
                then (placed.y - based.worst) / (based.best - based.worst)
            when based.norm_method = 'goalposts' and based.is_clipped
                then greatest(0e0, least(1e0, (placed.y - based.bound_worse) / based.bound_span))
            when based.norm_method = 'goalposts'
                then (placed.y - based.bound_worse) / based.bound_span
            when based.norm_method in ('rank', 'borda', 'percentile_rank')
                then
                    case based.ties
                        when 'better' then placed.position_better - 1
                        when 'worse' then placed.position_worse - 1
                        else (placed.position_better + placed.position_worse) / 2e0 - 1
                    end / (based.n - 1)
            when based.norm_method in ('distance_to_target', 'distance_to_reference')
                then
                    least(
                        (placed.y - based.worst) / (based.goal - based.worst),
                        case when based.is_capped then 1e0 end  -- least passes over NULL
                    )
            when based.norm_method = 'fraction_of_best' and based.direction = 1
                then placed.y / based.best
            when based.norm_method = 'fraction_of_best'
                then based.best / placed.y
            when based.norm_method = 'mazziotta_pareto' and based.variant = 'ampi'
                then
                    0.5e0
                    + (placed.y - coalesce(based.centre * based.direction, based.mean_y))
                    / coalesce(based.bound_span, based.best - based.worst)
        end as share
    from placed
    inner join based on placed.panel = based.panel and placed.indicator = based.indicator
),

scored as (
    select
        edition,
        province_code,
        indicator,
        case
            when norm_method = 'zscore'
                then
                    deviation / sqrt(squares / (n - 1))
                    * coalesce(norm_sd, (norm_upper - norm_lower) / 10)
                    + coalesce(norm_mean, (norm_lower + norm_upper) / 2)
            when norm_method = 'mazziotta_pareto' and variant = 'mpi'
                then
                    deviation / sqrt(squares / n) * ((norm_upper - norm_lower) / 6)
                    + (norm_lower + norm_upper) / 2
            else share * (norm_upper - norm_lower) + norm_lower
        end as score
    from shared
)

select
    treated.*,
    scored.score
from treated
left join scored
    on
        treated.edition = scored.edition
        and treated.province_code = scored.province_code
        and treated.indicator = scored.indicator
order by treated.edition, treated.province_code, treated.indicator;
