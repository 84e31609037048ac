"""The statistical audit of an index: does the tree hold together, and what does a weight do?"""
