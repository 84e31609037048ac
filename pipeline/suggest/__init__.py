"""Suggestions for a person to decide: candidate aliases, and cards drafted from what a file shows.

Nothing here is used by a run, and what a file cannot say is left blank, which `check` refuses.
"""

# Where a file is from: what no cell of it says.
PROVENANCE = ("producer", "title", "url", "licence", "published", "accessed")
