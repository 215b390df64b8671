"""The import-linter contract type behind the rules that pyproject.toml states for single rooms.

import-linter's own `forbidden` type refuses to run while a room named in it does not exist, and
can not say "the whole room but its shell". This one can. It must never loosen a rule: what exists
and is not excepted is checked module by module, through indirect imports too.
"""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import fields
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.domain.contract import ContractCheck
from importlinter.domain.imports import ModuleExpression


class RoomContract(ForbiddenContract):
    """Modules of the named rooms, but for the excepted ones, import nothing forbidden.

    Options are those of `forbidden`, and:
        excepted_modules: modules (with all below them) of the rooms that may import it.
    """

    type_name = "room"

    excepted_modules = fields.SetField(subfield=fields.ModuleExpressionField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Check every module of the rooms on its own."""
        excepted = _expand(graph, self.excepted_modules or set())
        self.source_modules = _expand(graph, self.source_modules) - excepted
        self.forbidden_modules = _expand(graph, self.forbidden_modules)
        self.as_packages = False
        return super().check(graph, verbose)


def _expand(graph: ImportGraph, expressions: set[ModuleExpression]) -> set[ModuleExpression]:
    """Every existing module that is named, or lies below a named one."""
    found = set[str]()
    for expression in expressions:
        name = str(expression)
        if name in graph.modules:
            found.add(name)
            if not graph.is_module_squashed(name):
                found |= graph.find_descendants(name)
    return {ModuleExpression(name) for name in found}
