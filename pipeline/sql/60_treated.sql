-- 60_treated: pull in outliers, indicator by indicator.
-- Grain   one row per edition, province and indicator
-- Reads   imputed, spec_indicators
-- Method  pass if |G1| < skewness_limit or G2 < kurtosis_limit (adjusted Fisher-Pearson skewness and
--         excess kurtosis, n >= 4; the moments are written out because engines differ). Else move one
--         value at a time on the side of the skew to the next value, at most max_winsorised values
--         (ties that move together count each); else the logarithm of the original values, shifted
--         to be positive and mirrored for left skew, unless transform is none; else the original
--         values, and it says so. Each indicator has its own limits.
create or replace table treated as

with recursive columns_of as (
    select
        imputed.edition,
        imputed.indicator,
        list(imputed.imputed_value order by imputed.imputed_value) as xs,
        any_value(spec_indicators.skewness_limit) as skewness_limit,
        any_value(spec_indicators.kurtosis_limit) as kurtosis_limit,
        any_value(spec_indicators.max_winsorised) as max_winsorised,
        any_value(spec_indicators.transform) as transform
    from imputed
    inner join spec_indicators on imputed.indicator = spec_indicators.indicator
    where
        imputed.is_entered
        and imputed.imputed_value is not null
        and spec_indicators.treat
    group by imputed.edition, imputed.indicator
),

-- Each state holds the limits so far; the values between them are untouched.
winsorised as (
    select
        edition,
        indicator,
        xs,
        skewness_limit,
        kurtosis_limit,
        max_winsorised,
        transform,
        0 as step,
        xs[1] as lowest,
        xs[-1] as highest,
        skewness_of(xs) as skewness,
        kurtosis_of(xs) as kurtosis
    from columns_of
    union all
    select
        edition,
        indicator,
        xs,
        skewness_limit,
        kurtosis_limit,
        max_winsorised,
        transform,
        step + 1 as step,
        next_lowest as lowest,
        next_highest as highest,
        skewness_of(clipped(xs, next_lowest, next_highest)) as skewness,
        kurtosis_of(clipped(xs, next_lowest, next_highest)) as kurtosis
    from (
        select
            *,
            case
                when skewness > 0
                    then list_max(list_filter(xs, lambda x: x < highest))
                else highest
            end as next_highest,
            case
                when skewness < 0
                    then list_min(list_filter(xs, lambda x: x > lowest))
                else lowest
            end as next_lowest
        from winsorised
        where
            abs(skewness) >= skewness_limit and kurtosis >= kurtosis_limit
            and skewness <> 0
    )
    where
        next_lowest < next_highest
        and len(list_filter(xs, lambda x: x < next_lowest or x > next_highest)) <= max_winsorised
),

-- The last state of each indicator, and the shifted logarithm should it not have passed.
tried as (
    select
        *,
        abs(skewness) < skewness_limit or kurtosis < kurtosis_limit as is_passed,
        0.01e0 * (xs[-1] - xs[1]) as shift,
        skewness_of(xs) > 0 as is_right
    from winsorised
    qualify row_number() over (partition by edition, indicator order by step desc) = 1
),

logged as (
    select
        *,
        list_transform(xs, lambda x: shifted_log(x, xs[1], xs[-1], shift, is_right)) as logs
    from tried
),

decided as (
    select
        *,
        case
            when len(xs) < 4 or step = 0 and is_passed then 'none'
            when is_passed then 'winsorised'
            when transform = 'none' then 'failed'
            when
                abs(skewness_of(logs)) < skewness_limit or kurtosis_of(logs) < kurtosis_limit
                then 'log'
            else 'failed'
        end as method
    from logged
),

applied as (
    select
        imputed.*,
        coalesce(decided.method, 'none') as treatment,
        case
            when imputed.imputed_value is null then null  -- greatest and least pass over NULL
            when decided.method = 'winsorised'
                then greatest(decided.lowest, least(decided.highest, imputed.imputed_value))
            when decided.method = 'log'
                then shifted_log(
                    imputed.imputed_value,
                    decided.xs[1],
                    decided.xs[-1],
                    decided.shift,
                    decided.is_right
                )
            else imputed.imputed_value
        end as treated_value
    from imputed
    left join decided
        on
            imputed.edition = decided.edition
            and imputed.indicator = decided.indicator
)

select
    *,
    coalesce(treated_value <> imputed_value, false) as is_treated
from applied
order by edition, province_code, indicator;
