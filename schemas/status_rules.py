"""Rules on what is observed, imputed and missing, for the publication suite."""

import pandas as pd


def check_is_missing_declared(indicators: pd.DataFrame) -> pd.Series:
    """Whether the row has no observed value exactly when its status is M (missing) or I."""
    return indicators["value"].isna().eq(indicators["obs_status"].isin(["M", "I"]))


def check_is_imputed_declared(indicators: pd.DataFrame) -> pd.Series:
    """Whether the row has status I exactly when it is imputed, by a method and to a value."""
    is_imputed = indicators["is_imputed"].eq(True)
    is_flagged = indicators["obs_status"].eq("I").eq(is_imputed)
    has_method = indicators["impute_method"].notna().eq(is_imputed)
    return is_flagged & has_method & (indicators["imputed_value"].notna() | ~is_imputed)
