"""What Schemathesis checks besides its own, loaded by `SCHEMATHESIS_HOOKS`.

A schema can not say everything: steps of a market, fields that exclude each other, a cursor's inside.
So data that goes with it may be refused with 400, but never without naming the field.
"""

import schemathesis
from schemathesis import Case, CheckContext, Response
from schemathesis.generation import GenerationMode

BAD_REQUEST = 400


@schemathesis.check
def a_refusal_names_the_field(_context: CheckContext, response: Response, case: Case) -> None:
    """Of data that the document allows."""
    meta = case.meta
    if response.status_code != BAD_REQUEST or meta is None:
        return
    if meta.generation.mode is GenerationMode.POSITIVE:
        problem = response.json()
        named = problem["field"] and problem["detail"]
        assert named, f"allowed by the document and refused without its field: {problem}"
