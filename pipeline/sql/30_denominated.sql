-- 30_denominated: one value per indicator, from the newest year that can be used.
-- Grain   one row per edition, province and indicator: the full grid, nothing dropped
-- Reads   harmonised, spec_editions, spec_indicators, spec_settings, ref_provinces
-- Method  level: the variable. ratio, per_capita: numerator / denominator * scale, both of one year.
--         growth: geometric mean yearly rate over `span` years, in percent. The newest data year not
--         after the reference year and at most max_age older is taken; an older one has status C.
--         A denominator that is zero or missing gives a missing value with its reason.
--         peer_group: the provinces of an edition in order of the peers' variable (its newest figure
--         at most peers_max_age old), cut into peers_parts groups; equal figures are in one group.
create or replace table denominated as

with grid as (
    select
        spec_editions.edition,
        spec_editions.reference_year,
        ref_provinces.province_code,
        spec_indicators.indicator,
        spec_indicators.kind,
        spec_indicators.numerator,
        spec_indicators.denominator,
        spec_indicators.scale,
        spec_indicators.span,
        spec_indicators.max_age,
        spec_indicators.unit_en as unit
    from spec_editions
    inner join ref_provinces on spec_editions.scheme = ref_provinces.scheme
    cross join spec_indicators
),

candidates as (
    select
        grid.edition,
        grid.province_code,
        grid.indicator,
        grid.kind,
        grid.scale,
        grid.span,
        top.year as data_year,
        grid.reference_year - top.year as age,
        grid.max_age,
        top.value as numerator,
        top.value_low as numerator_low,
        top.value_high as numerator_high,
        top.reason as numerator_reason,
        case when grid.kind = 'growth' then base.value else bottom.value end as denominator,
        top.obs_status as numerator_status,
        case
            when grid.kind = 'growth' then base.obs_status else bottom.obs_status
        end as denominator_status
    from grid
    inner join harmonised as top
        on
            grid.edition = top.edition
            and grid.province_code = top.province_code
            and grid.numerator = top.variable
    left join harmonised as bottom
        on
            grid.edition = bottom.edition
            and grid.province_code = bottom.province_code
            and grid.denominator = bottom.variable
            and top.year = bottom.year
    left join harmonised as base
        on
            grid.edition = base.edition
            and grid.province_code = base.province_code
            and grid.numerator = base.variable
            and top.year - grid.span = base.year
),

judged as (
    select
        *,
        case
            when data_year is null then 'undated'
            when age > max_age then 'too_old'
            when numerator is null then numerator_reason
            when kind = 'level' then null
            when denominator is null then 'denominator_missing'
            when denominator = 0 then 'denominator_zero'
            when kind = 'growth' and (numerator < 0 or denominator < 0) then 'negative_base'
        end as reason
    from candidates
),

-- The usable candidate of the newest year; else the one that came nearest to being used.
chosen as (
    select *
    from judged
    qualify
        row_number() over (
            partition by edition, province_code, indicator
            order by
                reason is not null,
                reason = 'undated',
                reason = 'too_old',
                data_year desc
        ) = 1
),

computed as (
    select
        edition,
        province_code,
        indicator,
        data_year,
        age,
        numerator,
        denominator,
        numerator_status,
        denominator_status,
        reason,
        case
            when reason is not null then null
            when kind = 'level' then numerator * scale
            when kind = 'growth' then (power(numerator / denominator, 1e0 / span) - 1e0) * 100e0
            else numerator / denominator * scale
        end as value,
        case
            when reason is not null or kind = 'growth' then null
            when kind = 'level' then numerator_low * scale
            else numerator_low / denominator * scale
        end as value_low,
        case
            when reason is not null or kind = 'growth' then null
            when kind = 'level' then numerator_high * scale
            else numerator_high / denominator * scale
        end as value_high
    from chosen
),

sizes as (
    select
        harmonised.edition,
        harmonised.province_code,
        harmonised.value as size,
        spec_settings.peers_parts as parts
    from harmonised
    inner join spec_editions on harmonised.edition = spec_editions.edition
    inner join spec_settings on harmonised.variable = spec_settings.peers_variable
    where
        harmonised.value is not null
        and harmonised.year <= spec_editions.reference_year
        and harmonised.year >= spec_editions.reference_year - spec_settings.peers_max_age
    qualify
        row_number() over (
            partition by harmonised.edition, harmonised.province_code
            order by harmonised.year desc
        ) = 1
),

peers as (
    select
        edition,
        province_code,
        (rank() over (partition by edition order by size) - 1) * parts
        // count(*) over (partition by edition) + 1 as peer_group
    from sizes
)

select
    grid.edition,
    grid.province_code,
    grid.indicator,
    case when computed.reason is null then computed.data_year end as data_year,
    case when computed.reason is null then computed.age end as age,
    computed.numerator,
    computed.denominator,
    computed.value,
    computed.value_low,
    computed.value_high,
    grid.unit,
    case
        when computed.value is null then 'M'
        when computed.age > 0 then 'C'
        when 'E' in (computed.numerator_status, computed.denominator_status) then 'E'
        when 'P' in (computed.numerator_status, computed.denominator_status) then 'P'
        else 'A'
    end as obs_status,
    case
        when computed.value is not null then null
        else coalesce(computed.reason, 'no_data')
    end as reason,
    peers.peer_group
from grid
left join computed
    on
        grid.edition = computed.edition
        and grid.province_code = computed.province_code
        and grid.indicator = computed.indicator
left join peers
    on
        grid.edition = peers.edition
        and grid.province_code = peers.province_code
order by grid.edition, grid.province_code, grid.indicator;
