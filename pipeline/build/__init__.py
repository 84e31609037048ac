"""Any index: a wide table of units and a table of nodes in, every step table out."""
