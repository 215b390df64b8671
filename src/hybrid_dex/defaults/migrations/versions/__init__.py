"""The steps, each named after what it is about and its number."""
