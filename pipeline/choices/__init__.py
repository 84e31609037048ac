"""The choices of `index.yml`, step by step: resolved for each indicator or node, and checked."""
