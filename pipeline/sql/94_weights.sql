-- 94_weights: what every node weighs in each edition, and where that comes from.
-- Grain   one row per edition and node
-- Reads   ranked, spec_nodes
-- Method  none: the rows of one province stand for all, for its weights are those of the edition.
create or replace table weights as

select
    ranked.edition,
    ranked.node,
    any_value(ranked.level) as level,
    any_value(ranked.parent) as parent,
    any_value(spec_nodes.weight) as weight_given,
    any_value(ranked.weight_share) as weight_in_parent,
    any_value(ranked.weight) as weight,
    any_value(ranked.is_entered) as is_entered,
    any_value(ranked.weight_origin) as origin,
    any_value(ranked.weight_remark) as remark,
    any_value(ranked.weight_remark_value) as remark_value
from ranked
inner join spec_nodes on ranked.node = spec_nodes.node
group by ranked.edition, ranked.node
order by ranked.edition, any_value(spec_nodes.ordinal);
