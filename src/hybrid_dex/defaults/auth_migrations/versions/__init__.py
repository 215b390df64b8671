"""The steps, in the order that each of them names by its ``down_revision``."""
