"""Runs a kit against a wrong implementation: it must break the rule that it is there for."""

from hybrid_dex.testing import Kit, RuleBrokenError


def is_refused(kit: type[Kit], rule: str) -> bool:
    """Return whether a kit finds a rule broken, in words that name the rule and what was found."""
    try:
        getattr(kit(), f"test_{rule}")()
    except RuleBrokenError as error:
        return rule in str(error) and bool(error.sentence and error.found)
    return False
