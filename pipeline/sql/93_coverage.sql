-- 93_coverage: what is in, what is out, and how far it was from in.
-- Grain   one row per edition, kind (indicator, pillar, province) and code
-- Reads   ranked, spec_indicators, spec_nodes, spec_settings
-- Method  indicator: share of provinces that have it. pillar: share of its declared weight whose
--         indicators entered. province: share of the entered weight that is observed.
create or replace table coverage as

with leaves as (
    select *
    from ranked
    where level = 'indicator'
),

indicators_seen as (
    select
        leaves.edition,
        'indicator' as kind,
        leaves.node as code,
        any_value(leaves.n_observed) as n_observed,
        any_value(leaves.n_provinces) as n_expected,
        any_value(leaves.indicator_coverage) as coverage,
        any_value(spec_indicators.indicator_coverage) as threshold,
        bool_or(leaves.is_entered) as is_in,
        any_value(leaves.weight_relative) as weight,
        mode(leaves.value_reason order by leaves.value_reason) as reason
    from leaves
    inner join spec_indicators on leaves.node = spec_indicators.indicator
    group by leaves.edition, leaves.node
),

pillars_seen as (
    select
        ranked.edition,
        'pillar' as kind,
        ranked.node as code,
        any_value(members.n_entered) as n_observed,
        any_value(members.n_declared) as n_expected,
        any_value(members.coverage) as coverage,
        0e0 as threshold,
        bool_or(ranked.is_entered) as is_in,
        any_value(ranked.reason) filter (where not ranked.is_entered) as reason
    from ranked
    inner join (
        select
            indicators_seen.edition,
            spec_nodes.parent,
            count(*) filter (where indicators_seen.is_in) as n_entered,
            count(*) as n_declared,
            sum_of(list(indicators_seen.weight) filter (where indicators_seen.is_in))
            / sum_of(list(indicators_seen.weight)) as coverage
        from indicators_seen
        inner join spec_nodes on indicators_seen.code = spec_nodes.node
        group by indicators_seen.edition, spec_nodes.parent
    ) as members
        on
            ranked.edition = members.edition
            and ranked.node = members.parent
    where ranked.level <> 'indicator'
    group by ranked.edition, ranked.node
),

provinces_seen as (
    select
        ranked.edition,
        'province' as kind,
        ranked.province_code as code,
        any_value(members.n_observed) as n_observed,
        any_value(members.n_entered) as n_expected,
        any_value(ranked.coverage) as coverage,
        any_value(spec_settings.province_coverage) as threshold,
        bool_or(ranked.is_ranked) as is_in,
        any_value(ranked.reason) as reason
    from ranked
    inner join (
        select
            leaves.edition,
            leaves.province_code,
            count(leaves.score) as n_observed,
            count(*) filter (where leaves.is_entered) as n_entered
        from leaves
        group by leaves.edition, leaves.province_code
    ) as members
        on
            ranked.edition = members.edition
            and ranked.province_code = members.province_code
    cross join spec_settings
    where ranked.level = 'index'
    group by ranked.edition, ranked.province_code
)

select
    edition,
    kind,
    code,
    n_observed,
    n_expected,
    coverage,
    threshold,
    is_in,
    greatest(threshold - coverage, 0) as shortfall,
    case when not is_in then reason end as reason
from (
    select * from indicators_seen
    union all by name
    select * from pillars_seen
    union all by name
    select * from provinces_seen
)
order by edition, kind, code;
