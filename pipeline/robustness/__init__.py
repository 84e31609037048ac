"""How sure is a rank: the index computed again under other defensible choices, many times."""
