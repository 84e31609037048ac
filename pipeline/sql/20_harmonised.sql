-- 20_harmonised: the variables of the index on the provinces of each edition.
-- Grain   one row per edition, province, variable and year (a year may be missing: undated)
-- Reads   observed, spec_editions, spec_indicators, spec_settings, spec_variables, spec_sources,
--         ref_merger, ref_shared_records
-- Method  figures of the edition's own scheme are taken as they are; figures of the scheme before
--         the merger are added (sum) or averaged with a named weight (weighted_mean) over all the
--         parts of a province. One part missing makes the whole missing: never a partial sum.
--         A record that names several of the parts counts once. Figures of sources for comparison are
--         left out. The only step that knows the merger.
create or replace table harmonised as

with needed as (
    select numerator as variable from spec_indicators
    union
    select denominator as variable from spec_indicators
    where denominator is not null
    union
    select peers_variable as variable from spec_settings
    where peers_variable is not null
),

figures as (
    select
        observed.scheme,
        observed.province_code,
        observed.variable,
        observed.year,
        max(observed.value) as value,
        max(observed.value_low) as value_low,
        max(observed.value_high) as value_high,
        max(observed.obs_status) as obs_status
    from observed
    inner join
        spec_variables
        on observed.variable = spec_variables.variable
    inner join spec_sources on observed.source_id = spec_sources.source_id
    where
        spec_sources.use <> 'comparison'
        and (
            observed.variable in (select needed.variable from needed)
            or observed.variable in (
                select weights.merge_weight
                from spec_variables as weights
                where weights.variable in (select needed.variable from needed)
            )
        )
    group by observed.scheme, observed.province_code, observed.variable, observed.year
),

own as (
    select
        spec_editions.edition,
        figures.province_code,
        figures.variable,
        figures.year,
        figures.value,
        figures.value_low,
        figures.value_high,
        figures.obs_status,
        'none' as merge_rule,
        figures.province_code as parts,
        case when figures.value is null then 'published_missing' end as reason
    from figures
    inner join spec_editions on figures.scheme = spec_editions.scheme
    where figures.year is null or figures.year <= spec_editions.reference_year
),

reported as (
    select distinct
        spec_editions.edition,
        spec_editions.scheme,
        figures.scheme as from_scheme,
        figures.variable,
        figures.year
    from figures
    inner join spec_editions on figures.scheme <> spec_editions.scheme
    where figures.year is null or figures.year <= spec_editions.reference_year
),

parts as (
    select
        reported.edition,
        reported.variable,
        reported.year,
        ref_merger.to_code as province_code,
        ref_merger.from_code,
        spec_variables.merge as merge_rule,
        figures.value,
        figures.value_low,
        figures.value_high,
        coalesce(figures.obs_status, 'M') as obs_status,
        weights.value as weight
    from reported
    inner join
        ref_merger
        on
            reported.from_scheme = ref_merger.from_scheme
            and reported.scheme = ref_merger.to_scheme
    inner join spec_variables on reported.variable = spec_variables.variable
    left join
        figures
        on
            reported.from_scheme = figures.scheme
            and ref_merger.from_code = figures.province_code
            and reported.variable = figures.variable
            and reported.year is not distinct from figures.year
    left join
        figures as weights
        on
            reported.from_scheme = weights.scheme
            and ref_merger.from_code = weights.province_code
            and spec_variables.merge_weight = weights.variable
            and reported.year is not distinct from weights.year
),

-- Records counted in several parts of one new province: how many counts are one too many. A row
-- may stand for n records that are alike.
repeated as (
    select
        edition,
        variable,
        year,
        province_code,
        sum(records * (times - 1)) as surplus
    from (
        select
            spec_editions.edition,
            ref_shared_records.variable,
            ref_shared_records.year,
            ref_merger.to_code as province_code,
            ref_shared_records.record,
            min(ref_shared_records.n) as records,
            count(*) as times
        from ref_shared_records
        inner join ref_merger
            on
                ref_shared_records.scheme = ref_merger.from_scheme
                and ref_shared_records.province_code = ref_merger.from_code
        inner join spec_editions on ref_merger.to_scheme = spec_editions.scheme
        group by
            spec_editions.edition,
            ref_shared_records.variable,
            ref_shared_records.year,
            ref_merger.to_code,
            ref_shared_records.record
    )
    group by edition, variable, year, province_code
),

wholes as (
    select
        parts.edition,
        parts.province_code,
        parts.variable,
        parts.year,
        parts.merge_rule,
        count(*) as n_parts,
        count(parts.value) as n_values,
        count(parts.weight) as n_weights,
        sum_of(list(parts.value)) as total,
        sum_of(list(parts.value_low)) as total_low,
        sum_of(list(parts.value_high)) as total_high,
        count(parts.value_low) = count(*) as has_low,
        count(parts.value_high) = count(*) as has_high,
        nullif(sum_of(list(parts.weight)), 0) as weight,
        sum_of(list(parts.value * parts.weight)) as weighted,
        sum_of(list(parts.value_low * parts.weight)) as weighted_low,
        sum_of(list(parts.value_high * parts.weight)) as weighted_high,
        max(parts.obs_status) as own_status,
        bool_or(parts.obs_status = 'E') as has_estimate,
        bool_or(parts.obs_status = 'P') as has_provisional,
        string_agg(parts.from_code, '+' order by parts.from_code) as parts
    from parts
    group by parts.edition, parts.province_code, parts.variable, parts.year, parts.merge_rule
),

merged as (
    select
        wholes.edition,
        wholes.province_code,
        wholes.variable,
        wholes.year,
        wholes.parts,
        case
            when wholes.n_values < wholes.n_parts and wholes.n_parts = 1 then 'published_missing'
            when wholes.n_values < wholes.n_parts then 'part_missing'
            when wholes.n_parts = 1 then null
            when wholes.merge_rule = 'none' then 'not_additive'
            when
                wholes.merge_rule = 'weighted_mean'
                and (wholes.n_weights < wholes.n_parts or wholes.weight is null)
                then 'weight_missing'
        end as reason,
        case when wholes.n_parts = 1 then 'none' else wholes.merge_rule end as merge_rule,
        case
            when wholes.merge_rule = 'weighted_mean' and wholes.n_parts > 1
                then wholes.weighted / wholes.weight
            else wholes.total - coalesce(repeated.surplus, 0)
        end as value,
        case
            when not wholes.has_low then null
            when wholes.merge_rule = 'weighted_mean' and wholes.n_parts > 1
                then wholes.weighted_low / wholes.weight
            else wholes.total_low - coalesce(repeated.surplus, 0)
        end as value_low,
        case
            when not wholes.has_high then null
            when wholes.merge_rule = 'weighted_mean' and wholes.n_parts > 1
                then wholes.weighted_high / wholes.weight
            else wholes.total_high - coalesce(repeated.surplus, 0)
        end as value_high,
        case
            when wholes.n_parts = 1 then wholes.own_status
            when wholes.merge_rule = 'weighted_mean' or wholes.has_estimate then 'E'
            when wholes.has_provisional then 'P'
            else 'A'
        end as obs_status
    from wholes
    left join repeated
        on
            wholes.edition = repeated.edition
            and wholes.variable = repeated.variable
            and wholes.year is not distinct from repeated.year
            and wholes.province_code = repeated.province_code
    anti join own
        on
            wholes.edition = own.edition
            and wholes.variable = own.variable
            and wholes.year is not distinct from own.year
            and wholes.province_code = own.province_code
)

select
    edition,
    province_code,
    variable,
    year,
    case when reason is null then value end as value,
    case when reason is null then value_low end as value_low,
    case when reason is null then value_high end as value_high,
    case when reason is null then obs_status else 'M' end as obs_status,
    merge_rule,
    parts,
    reason
from (
    select * from own
    union all by name
    select * from merged
)
order by edition, province_code, variable, year nulls first;
