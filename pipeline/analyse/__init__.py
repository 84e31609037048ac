"""Questions a reader asks of the index: one module each, the arithmetic and its page."""
