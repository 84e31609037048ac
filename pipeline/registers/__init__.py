"""Registers of any size: grouped where they lie, then only their distinct names are resolved."""
