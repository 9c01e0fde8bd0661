"""What a dotted name in a configuration resolves to when it is read."""

from __future__ import annotations

from modelaudit.engine.facts import Import

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.facts import Place


def dotted_import(
    path: str, qualname: str, place: Place, *, opcode: str, called: bool = True, computed: bool = False
) -> Import:
    """The import of a dotted name, which is called or only referred to."""
    module, _, name = qualname.rpartition(".")
    return Import(
        path,
        module=module,
        name=name,
        qualname=qualname,
        names=frozenset({qualname}),
        segments=frozenset(qualname.split(".")),
        opcode=opcode,
        computed=computed,
        uses=frozenset({"called" if called else "ref"}),
        places=(place,),
    )
