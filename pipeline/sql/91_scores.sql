-- 91_scores: the published scores of the index, sub-indices and pillars.
-- Grain   one row per edition, province and node above the indicators
-- Reads   ranked, spec_editions, spec_nodes, ref_provinces
-- Method  none: names and regions are added. The intervals are those of the robustness runs, which
--         follow the chain and fill them in.
create or replace table scores as

select
    ranked.edition,
    spec_editions.scheme,
    ranked.province_code,
    ref_provinces.name_vi as province_name_vi,
    ref_provinces.name_en as province_name_en,
    ref_provinces.region_vi,
    ref_provinces.region_en,
    ranked.node,
    ranked.level,
    ranked.score,
    ranked.rank,
    ranked.coverage,
    ranked.coverage_declared,
    ranked.imputed_share,
    ranked.is_ranked,
    ranked.reason,
    ranked.peer_group,
    null::double as score_low,
    null::double as score_high,
    null::bigint as rank_low,
    null::bigint as rank_median,
    null::bigint as rank_high
from ranked
inner join spec_editions on ranked.edition = spec_editions.edition
inner join spec_nodes on ranked.node = spec_nodes.node
inner join ref_provinces
    on
        spec_editions.scheme = ref_provinces.scheme
        and ranked.province_code = ref_provinces.province_code
where ranked.level <> 'indicator'
order by ranked.edition, ranked.province_code, spec_nodes.ordinal;
