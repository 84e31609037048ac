-- 90_ranked: who is ranked, where, and what each indicator contributes.
-- Grain   one row per edition, province and node
-- Reads   aggregated, spec_nodes, spec_settings
-- Method  ranks from unrounded scores; scores equal to rank_digits decimals share the better rank. A
--         province is ranked if province_coverage of the entered weight is observed and the edition
--         rests on pillar_coverage of the declared pillar weight (both to nine decimals); otherwise
--         its index has no score and a reason. Contributions of the indicators add up to the index,
--         and are given only where every entered node of the edition is an arithmetic mean. A missing
--         indicator of such a mean shows what leaving it out amounts to: the score of its parent.
create or replace table ranked as

with recursive pillars as (
    select
        aggregated.edition,
        aggregated.node,
        bool_or(aggregated.is_entered) as is_entered,
        any_value(aggregated.weight_declared) as weight_declared
    from aggregated
    where aggregated.level = 'pillar'
    group by aggregated.edition, aggregated.node
),

editions as (
    select
        edition,
        sum_of(list(weight_declared) filter (where is_entered))
        / sum_of(list(weight_declared)) as pillar_coverage
    from pillars
    group by edition
),

additive as (
    select
        aggregated.edition,
        bool_and(spec_nodes.method = 'arithmetic') as is_additive
    from aggregated
    inner join spec_nodes on aggregated.node = spec_nodes.node
    where aggregated.level <> 'indicator' and aggregated.is_entered
    group by aggregated.edition
),

judged as (
    select
        aggregated.*,
        coalesce(editions.pillar_coverage, 1e0) as pillar_coverage,
        case
            when aggregated.reason is not null then aggregated.reason
            when aggregated.level <> 'index' then null
            when coalesce(editions.pillar_coverage, 1e0) < spec_settings.pillar_coverage - 1e-9
                then 'edition_rests_on_too_few_pillars'
            when aggregated.coverage < spec_settings.province_coverage - 1e-9
                then 'below_province_coverage'
        end as verdict
    from aggregated
    cross join spec_settings
    left join editions on aggregated.edition = editions.edition
),

scored as (
    select
        * replace (
            case when verdict is null then score end as score,
            verdict as reason
        ),
        verdict is null as is_ranked
    from judged
),

paths as (
    select
        edition,
        province_code,
        node,
        1e0 as weight_in_index
    from scored
    where level = 'index' and is_ranked
    union all
    select
        scored.edition,
        scored.province_code,
        scored.node,
        paths.weight_in_index * scored.weight_in_parent as weight_in_index
    from scored
    inner join paths
        on
            scored.edition = paths.edition
            and scored.province_code = paths.province_code
            and scored.parent = paths.node
    where scored.weight_in_parent is not null
)

select
    scored.* exclude (verdict),  -- noqa: RF02
    case
        when scored.is_ranked
            then rank() over (
                partition by scored.edition, scored.node, scored.is_ranked
                order by round(scored.score, spec_settings.rank_digits::integer) desc
            )
    end as rank,
    paths.weight_in_index,
    case
        when scored.level = 'indicator' and additive.is_additive
            then paths.weight_in_index * scored.score
    end as contribution,
    case
        when
            scored.level = 'indicator' and scored.is_entered and scored.score is null
            and above.method = 'arithmetic'
            then parents.score
    end as implied_score
from scored
cross join spec_settings
inner join spec_nodes on scored.node = spec_nodes.node
left join spec_nodes as above on scored.parent = above.node
left join additive on scored.edition = additive.edition
left join paths
    on
        scored.edition = paths.edition
        and scored.province_code = paths.province_code
        and scored.node = paths.node
left join scored as parents
    on
        scored.edition = parents.edition
        and scored.province_code = parents.province_code
        and scored.parent = parents.node
order by scored.edition, scored.province_code, spec_nodes.ordinal;
