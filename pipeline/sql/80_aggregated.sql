-- 80_aggregated: each node from its children, from the indicators up to the index.
-- Grain   one row per edition, province and node (indicators are the leaves)
-- Reads   normalised, spec_nodes, spec_settings
-- Method  a node is made of its children that have a score, by the method declared for it; weights
--         are relative within the parent. Copeland compares the provinces of the edition.
--         It is missing if the children present hold less than node_coverage of the entered weight;
--         a threshold met to nine decimals is met, whatever the last bit of the doubles says.
--         coverage is the share of entered weight observed under the node; coverage_declared the
--         share of declared weight, so that a pillar resting on one of five indicators says so. An
--         imputed value is present but not observed: it counts in imputed_share.
create or replace table aggregated as

with recursive climbed as (
    select
        0 as step,
        normalised.edition,
        normalised.province_code,
        spec_nodes.node,
        spec_nodes.parent,
        spec_nodes.weight,
        normalised.score,
        normalised.is_entered,
        normalised.score is not null as is_met,
        (normalised.score is not null and not normalised.is_imputed)::double as coverage,
        (normalised.score is not null and not normalised.is_imputed)::double as coverage_declared,
        (normalised.score is not null and normalised.is_imputed)::double as imputed_share
    from normalised
    inner join spec_nodes on normalised.indicator = spec_nodes.node
    union all
    (
        -- Every node found so far is carried along: parents may have children of any height.
        select
            climbed.step + 1 as step,
            climbed.edition,
            climbed.province_code,
            climbed.node,
            climbed.parent,
            climbed.weight,
            climbed.score,
            climbed.is_entered,
            climbed.is_met,
            climbed.coverage,
            climbed.coverage_declared,
            climbed.imputed_share
        from climbed
        where climbed.step < (select max(tallest.height) from spec_nodes as tallest)
        union all
        select
            parents.step,
            parents.edition,
            parents.province_code,
            parents.node,
            parents.parent,
            parents.weight,
            case
                when not parents.is_met then null
                when parents.method = 'arithmetic' then parents.total / parents.present
                when parents.method = 'median' then median_of(parents.children)
                when parents.method = 'mpi' then mpi_of(parents.children, parents.penalty)
                when parents.method = 'copeland'
                    then copeland_of(
                        parents.children,
                        list(parents.children)
                        filter (where parents.is_met and parents.method = 'copeland')
                            over (partition by parents.edition, parents.node),
                        spec_settings.lower,
                        spec_settings.upper
                    )
                else generalised_of(parents.children, parents.power)
            end as score,
            parents.is_entered,
            parents.is_met,
            coalesce(parents.covered / nullif(parents.entered, 0), 0) as coverage,
            parents.covered_declared / parents.declared as coverage_declared,
            coalesce(parents.imputed / nullif(parents.entered, 0), 0) as imputed_share
        from (
            select
                climbed.step + 1 as step,
                climbed.edition,
                climbed.province_code,
                spec_nodes.node,
                spec_nodes.parent,
                spec_nodes.weight,
                spec_nodes.method,
                spec_nodes.power,
                spec_nodes.penalty,
                bool_or(climbed.is_entered) as is_entered,
                -- Not needed, and costly, for the arithmetic mean.
                list({ 'node': climbed.node, 'score': climbed.score, 'weight': climbed.weight })
                filter (where climbed.score is not null and spec_nodes.method <> 'arithmetic')
                    as children,
                sum_of(list(climbed.weight * climbed.score)) as total,
                sum_of(
                    list(climbed.weight) filter (where climbed.score is not null)
                ) as present,
                sum_of(list(climbed.weight) filter (where climbed.is_entered)) as entered,
                sum_of(list(climbed.weight)) as declared,
                sum_of(
                    list(climbed.weight * climbed.coverage) filter (where climbed.is_entered)
                ) as covered,
                sum_of(list(climbed.weight * climbed.coverage_declared)) as covered_declared,
                sum_of(
                    list(climbed.weight * climbed.imputed_share) filter (where climbed.is_entered)
                ) as imputed,
                present > 0
                and present >= (spec_nodes.node_coverage - 1e-9) * entered as is_met
            from climbed
            inner join spec_nodes on climbed.parent = spec_nodes.node
            where
                spec_nodes.height = climbed.step + 1
                and climbed.step < (select max(tallest.height) from spec_nodes as tallest)
            group by
                climbed.step,
                climbed.edition,
                climbed.province_code,
                spec_nodes.node,
                spec_nodes.parent,
                spec_nodes.weight,
                spec_nodes.method,
                spec_nodes.power,
                spec_nodes.penalty,
                spec_nodes.node_coverage
        ) as parents
        cross join spec_settings
    )
),

nodes as (
    select *
    from climbed
    where step = (select max(tallest.height) from spec_nodes as tallest)
),

siblings as (
    select
        edition,
        province_code,
        parent,
        sum_of(list(weight)) as weight
    from nodes
    where score is not null
    group by edition, province_code, parent
)

select
    nodes.edition,
    nodes.province_code,
    nodes.node,
    spec_nodes.level,
    nodes.parent,
    nodes.score,
    nodes.is_entered,
    nodes.coverage,
    nodes.coverage_declared,
    nodes.imputed_share,
    -- What the node weighs in its parent for this province, the missing ones left out.
    case when nodes.score is not null then nodes.weight / siblings.weight end as weight_in_parent,
    leaves.data_year,
    leaves.age,
    leaves.value,
    leaves.value_low,
    leaves.value_high,
    leaves.unit,
    leaves.obs_status,
    leaves.is_imputed,
    leaves.imputed_value,
    leaves.impute_method,
    leaves.imputed_from,
    leaves.impute_note,
    leaves.treated_value,
    leaves.is_treated,
    leaves.treatment,
    leaves.n_observed,
    leaves.n_provinces,
    leaves.indicator_coverage,
    leaves.weight,
    leaves.weight_declared,
    case
        when nodes.score is not null then null
        when spec_nodes.level = 'indicator'
            then
                case when nodes.is_entered then leaves.reason else 'indicator_not_entered' end
        when not nodes.is_entered then 'no_indicator_entered'
        when nodes.is_met then 'nothing_to_compare'
        else 'below_node_coverage'
    end as reason,
    leaves.reason as value_reason,
    max(leaves.peer_group) over (partition by nodes.edition, nodes.province_code) as peer_group
from nodes
inner join spec_nodes on nodes.node = spec_nodes.node
left join siblings
    on
        nodes.edition = siblings.edition
        and nodes.province_code = siblings.province_code
        and nodes.parent is not distinct from siblings.parent
left join normalised as leaves
    on
        nodes.edition = leaves.edition
        and nodes.province_code = leaves.province_code
        and nodes.node = leaves.indicator
order by nodes.edition, nodes.province_code, spec_nodes.ordinal;
