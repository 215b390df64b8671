"""Frozen nouns: units, markets, orders, commands, events, reasons, views.

Values only: nothing here does IO, reads a clock or holds trading state. Every other room speaks
these words.
"""
