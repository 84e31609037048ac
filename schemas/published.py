"""The columns, keys and types of the published tables that the suite reads."""

import pyarrow as pa

from schemas import analysis

# The published columns in their order, each with its kind; '?' marks one that may hold nulls.
PUBLISHED = {
    "scores": """edition:text scheme:text province_code:text province_name_vi:text
        province_name_en:text region_vi:text region_en:text node:text level:text score:real?
        rank:whole? coverage:real coverage_declared:real imputed_share:real is_ranked:flag
        reason:text? peer_group:whole? score_low:real?
        score_high:real? rank_low:whole? rank_median:whole? rank_high:whole?""",
    "indicators": """edition:text province_code:text indicator:text data_year:whole? value:real?
        unit:text obs_status:text is_imputed:flag imputed_value:real? impute_method:text?
        impute_note:text? treated_value:real? is_treated:flag score:real? rank:whole? weight:real
        contribution:real? is_entered:flag reason:text? peer_group:whole?""",
    "coverage": """edition:text kind:text code:text n_observed:whole n_expected:whole
        n_imputed:whole coverage:real threshold:real is_in:flag shortfall:real reason:text?""",
    "weights": """edition:text node:text level:text parent:text? weight_given:real
        weight_in_parent:real weight:real is_entered:flag origin:text remark:text?
        remark_value:real?""",
    "observed": """scheme:text province_code:text variable:text year:whole? period:text?
        value:real? value_low:real? value_high:real? qualifier:text unit:text obs_status:text
        source_id:text locator:text raw:text? origin:text? correction:text? name_raw:text?
        handling:text?""",
    **analysis.PUBLISHED,
}
COLUMNS = {name: dict(one.split(":") for one in said.split()) for name, said in PUBLISHED.items()}
KEYS: dict[str, list[str]] = {
    "scores": ["edition", "province_code", "node"],
    "indicators": ["edition", "province_code", "indicator"],
    "coverage": ["edition", "kind", "code"],
    "weights": ["edition", "node"],
    "observed": ["source_id", "locator", "variable", "scheme", "province_code", "year"],
    **analysis.KEYS,
}
TYPES = {"text": pa.string(), "real": pa.float64(), "whole": pa.int64(), "flag": pa.bool_()}
