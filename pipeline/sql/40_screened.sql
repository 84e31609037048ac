-- 40_screened: which indicators enter each edition, and what they weigh.
-- Grain   one row per edition, province and indicator
-- Reads   denominated, spec_indicators, spec_nodes
-- Method  an indicator enters an edition if a province has it, and the share of provinces that have
--         it reaches its indicator_coverage. Its weight is the product of the weights on its path to
--         the index, each relative within its parent: over the entered tree (weight, 0 when it is
--         out) and over the declared tree (weight_declared).
create or replace table screened as

with recursive counted as (
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
),

-- Nodes of each edition that have an entered indicator under them.
alive as (
    select
        counted.edition,
        spec_nodes.node,
        spec_nodes.parent,
        spec_nodes.weight
    from counted
    inner join spec_nodes on counted.indicator = spec_nodes.node
    where counted.is_entered
    union
    select
        alive.edition,
        spec_nodes.node,
        spec_nodes.parent,
        spec_nodes.weight
    from alive
    inner join spec_nodes on alive.parent = spec_nodes.node
),

trees as (
    select
        edition,
        true as is_entered_tree,
        node,
        parent,
        weight / sum_of(list(weight) over (partition by edition, parent)) as share
    from alive
    union all
    select
        editions.edition,
        false as is_entered_tree,
        spec_nodes.node,
        spec_nodes.parent,
        spec_nodes.weight / sum_of(
            list(spec_nodes.weight) over (partition by editions.edition, spec_nodes.parent)
        ) as share
    from spec_nodes
    cross join (select distinct counted.edition from counted) as editions
),

paths as (
    select
        edition,
        is_entered_tree,
        node,
        1e0 as weight
    from trees
    where parent is null
    union all
    select
        trees.edition,
        trees.is_entered_tree,
        trees.node,
        paths.weight * trees.share as weight
    from trees
    inner join paths
        on
            trees.edition = paths.edition
            and trees.is_entered_tree = paths.is_entered_tree
            and trees.parent = paths.node
)

select
    denominated.*,
    counted.n_observed,
    counted.n_provinces,
    counted.indicator_coverage,
    counted.is_entered,
    coalesce(entered.weight, 0e0) as weight,
    declared.weight as weight_declared
from denominated
inner join counted
    on
        denominated.edition = counted.edition
        and denominated.indicator = counted.indicator
left join paths as entered
    on
        denominated.edition = entered.edition
        and denominated.indicator = entered.node
        and entered.is_entered_tree
left join paths as declared
    on
        denominated.edition = declared.edition
        and denominated.indicator = declared.node
        and not declared.is_entered_tree
order by denominated.edition, denominated.province_code, denominated.indicator;
