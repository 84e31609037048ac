"""The arithmetic of the index on arrays: shape in, shape out, no files and no tables."""
