"""What an explanation says of an imputed number: by which method, and from what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.language import LANGUAGES, figure, reason, text

if TYPE_CHECKING:
    from pipeline.explain import Release

NAMED = 8  # so many are named, and the others counted


def givers(release: Release, row: dict[str, Any]) -> list[dict[str, str]]:
    """What an imputed value was taken from: provinces, editions or indicators, with names."""
    found = []
    for code in str(row["imputed_from"]).split("+") if row["is_imputed"] else ():
        entry = {"code": code}
        for lang in LANGUAGES:
            match row["impute_method"]:
                case "carried" | "linear":
                    entry[f"name_{lang}"] = code
                case "iterative":
                    entry[f"name_{lang}"] = release.nodes[code][f"name_{lang}"]
                case _:
                    names = release.names[row["edition"], code, release.root]
                    entry[f"name_{lang}"] = names[f"province_name_{lang}"]
        found.append(entry)
    return found


def imputed_words(entry: dict[str, Any], lang: str) -> str:
    """By which method a number was imputed, and from what."""
    names = [one[f"name_{lang}"] for one in entry["imputed_from"]]
    said = ", ".join(names)
    if len(names) > NAMED + 1:
        more = "more_indicators" if entry["impute_method"] == "iterative" else "more_provinces"
        said = text(more, lang, names=", ".join(names[:NAMED]), n=len(names) - NAMED)
    how = text(f"impute_{entry['impute_method']}", lang, givers=said)
    if entry["impute_note"] is not None:
        how += f" ({reason(entry['impute_note'], lang)})"
    value = figure(entry["imputed_value"], lang)
    why = reason(entry["value_reason"], lang)
    return text("imputed", lang, value=value, unit=entry[f"unit_{lang}"], how=how, reason=why)
