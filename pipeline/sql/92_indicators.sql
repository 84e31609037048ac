-- 92_indicators: the published indicators, entered or not.
-- Grain   one row per edition, province and indicator
-- Reads   ranked, spec_nodes
-- Method  none.
create or replace table indicators as

select
    ranked.edition,
    ranked.province_code,
    ranked.node as indicator,
    ranked.data_year,
    ranked.value,
    ranked.unit,
    ranked.obs_status,
    ranked.is_imputed,
    ranked.imputed_value,
    ranked.impute_method,
    ranked.impute_note,
    ranked.treated_value,
    ranked.is_treated,
    ranked.score,
    ranked.rank,
    ranked.weight,
    ranked.contribution,
    ranked.is_entered,
    ranked.value_reason as reason,
    ranked.peer_group
from ranked
inner join spec_nodes on ranked.node = spec_nodes.node
where ranked.level = 'indicator'
order by ranked.edition, ranked.province_code, spec_nodes.ordinal;
