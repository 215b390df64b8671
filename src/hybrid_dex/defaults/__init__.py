"""What ships for each interface, one module a backend.

Import a backend from its own module: several need an extra that the core does not have.
"""
