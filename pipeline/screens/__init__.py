"""Screens: what looks wrong is shown with its evidence, and never changed."""
