-- 80_aggregated: each node from its children, from the indicators up to the index.
-- Grain   one row per edition, province and node (indicators are the leaves)
-- Reads   weighted, spec_nodes, spec_settings
-- Method  a node is made of its children that have a score, by the method declared for it; weights
--         are relative within the parent. Copeland and the benefit of the doubt compare the
--         provinces of the edition; in the latter each has weights of its own.
--         It is missing if the children present hold less than node_coverage of the entered weight;
--         a threshold met to nine decimals is met, whatever the last bit of the doubles says.
--         coverage is the share of entered weight observed under the node; coverage_declared the
--         share of declared weight, so that a pillar resting on one of five indicators says so.
create or replace table aggregated as

with recursive climbed as (
    select
        0 as step,
        weighted.edition,
        weighted.province_code,
        weighted.node,
        weighted.parent,
        weighted.weight_relative as weight,
        weighted.score,
        weighted.is_entered,
        weighted.score is not null as is_met,
        (weighted.score is not null)::double as coverage,
        (weighted.score is not null)::double as coverage_declared
    from weighted
    where weighted.level = 'indicator'
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
            climbed.coverage_declared
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
                when parents.method = 'benefit_of_the_doubt'
                    then benefit_of_the_doubt_of(
                        parents.children,
                        list(parents.children)
                        filter (where parents.is_met and parents.method = 'benefit_of_the_doubt')
                            over (partition by parents.edition, parents.node),
                        parents.pie_low,
                        parents.pie_high,
                        spec_settings.upper
                    )
                else generalised_of(parents.children, parents.power)
            end as score,
            parents.is_entered,
            parents.is_met,
            coalesce(parents.covered / nullif(parents.entered, 0), 0) as coverage,
            parents.covered_declared / parents.declared as coverage_declared
        from (
            select
                climbed.step + 1 as step,
                climbed.edition,
                climbed.province_code,
                spec_nodes.node,
                spec_nodes.parent,
                own.weight_relative as weight,
                spec_nodes.method,
                spec_nodes.power,
                spec_nodes.penalty,
                spec_nodes.pie_low,
                spec_nodes.pie_high,
                bool_or(climbed.is_entered) as is_entered,
                -- Not needed, and costly, for the arithmetic mean.
                list({ 'node': climbed.node, 'score': climbed.score, 'weight': climbed.weight })
                filter (
                    where climbed.score is not null
                    and climbed.weight > 0
                    and spec_nodes.method <> 'arithmetic'
                ) as children,
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
                present > 0
                and present >= (spec_nodes.node_coverage - 1e-9) * entered as is_met
            from climbed
            inner join spec_nodes on climbed.parent = spec_nodes.node
            inner join weighted as own
                on
                    climbed.edition = own.edition
                    and climbed.province_code = own.province_code
                    and climbed.parent = own.node
            where
                spec_nodes.height = climbed.step + 1
                and climbed.step < (select max(tallest.height) from spec_nodes as tallest)
            group by
                climbed.step,
                climbed.edition,
                climbed.province_code,
                spec_nodes.node,
                spec_nodes.parent,
                own.weight_relative,
                spec_nodes.method,
                spec_nodes.power,
                spec_nodes.penalty,
                spec_nodes.pie_low,
                spec_nodes.pie_high,
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
    weighted.* replace (
        nodes.score as score,
        case
            when nodes.score is not null then null
            when weighted.level = 'indicator'
                then
                    case
                        when nodes.is_entered then weighted.reason
                        else 'indicator_not_entered'
                    end
            when not nodes.is_entered then 'no_indicator_entered'
            when nodes.is_met then 'nothing_to_compare'
            else 'below_node_coverage'
        end as reason
    ),
    nodes.coverage,
    nodes.coverage_declared,
    -- What the node weighs in its parent for this province, the missing ones left out.
    case
        when nodes.score is not null and nodes.parent is null then 1e0
        when nodes.score is not null and above.method <> 'benefit_of_the_doubt'
            then nodes.weight / nullif(siblings.weight, 0)
    end as weight_in_parent,
    weighted.reason as value_reason
from nodes
inner join spec_nodes on nodes.node = spec_nodes.node
inner join weighted
    on
        nodes.edition = weighted.edition
        and nodes.province_code = weighted.province_code
        and nodes.node = weighted.node
left join spec_nodes as above on nodes.parent = above.node
left join siblings
    on
        nodes.edition = siblings.edition
        and nodes.province_code = siblings.province_code
        and nodes.parent is not distinct from siblings.parent
order by nodes.edition, nodes.province_code, spec_nodes.ordinal;
