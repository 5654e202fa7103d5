"""Which kinds of sources there are: the modules of this package, and connectors that other distributions offer.

A module is a connector when it assigns ``CONNECTOR``; its name is the kind. Another distribution offers one by an
entry point in the group ``driftline.connectors`` whose name is the kind and whose value is the class.
"""

import ast
import difflib
import importlib
import importlib.util
import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points

import connectors
from connectors.base import Connector
from model.errors import ConfigurationError

ENTRY_POINT_GROUP = "driftline.connectors"
BUILT_IN = "driftline"


def connector_kinds() -> Mapping[str, str]:
    """Every kind with the distribution that offers it, built-in ones first. Nothing is imported.

    Raise ConfigurationError when two distributions claim one kind, or one claims a built-in kind.
    """
    return dict.fromkeys(_built_in_kinds(), BUILT_IN) | {
        kind: _distribution(point) for kind, point in sorted(_offered().items())
    }


def connector_type(kind: str) -> type[Connector]:
    """The connector of a kind; only its module is imported.

    Raise ConfigurationError when there is no such kind, or when the distribution that offers it cannot be imported.
    """
    offered = _offered()
    if kind in _built_in_kinds():
        found: object = importlib.import_module(f"{connectors.__name__}.{kind}").CONNECTOR
        return _checked(kind, found, BUILT_IN)
    if kind in offered:
        return _checked(kind, _load(offered[kind]), _distribution(offered[kind]))
    known = sorted({*_built_in_kinds(), *offered})
    near = difflib.get_close_matches(kind, known, n=1)
    raise ConfigurationError(
        f"there is no kind of source named {kind!r}; known are {', '.join(known)}",
        location=f"kind: {kind}",
        hint=f"did you mean {near[0]}?" if near else "choose one of them, or install the distribution that offers it",
    )


@cache
def _built_in_kinds() -> tuple[str, ...]:
    """The modules of this package that assign CONNECTOR, told from their source text without importing them."""
    names = [module.name for module in pkgutil.iter_modules(connectors.__path__)]
    return tuple(sorted(name for name in names if _assigns_connector(f"{connectors.__name__}.{name}")))


def _assigns_connector(module: str) -> bool:
    spec = importlib.util.find_spec(module)
    source = getattr(spec.loader, "get_source", lambda _: None)(module) if spec else None
    if not source or "CONNECTOR" not in source:
        return False
    targets = [
        target
        for statement in ast.parse(source).body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
    ]
    return any(isinstance(target, ast.Name) and target.id == "CONNECTOR" for target in targets)


@cache
def _offered() -> Mapping[str, EntryPoint]:
    """The entry points by kind, looked up once; a claim on a kind that is taken is an error, whoever would have won."""
    offered: dict[str, EntryPoint] = {}
    for point in entry_points(group=ENTRY_POINT_GROUP):
        holder = BUILT_IN if point.name in _built_in_kinds() else None
        if point.name in offered and point.value != offered[point.name].value:
            holder = _distribution(offered[point.name])
        if holder is not None:
            raise ConfigurationError(
                f"the kind {point.name!r} is offered by {_distribution(point)} and by {holder}",
                location=f"{_distribution(point)}: {point.value}",
                hint=f"uninstall {_distribution(point)}, or ask its author to give its connector another name",
            )
        offered[point.name] = point
    return offered


def _load(point: EntryPoint) -> object:
    try:
        return point.load()
    except Exception as error:  # a distribution that we do not know may raise anything while it is imported
        raise ConfigurationError(
            f"the connector {point.name!r} of {_distribution(point)} cannot be imported:"
            f" {type(error).__name__}: {error}",
            location=point.value,
            hint=f"reinstall or upgrade {_distribution(point)}, or remove the sources of kind {point.name}",
        ) from error


def _checked(kind: str, found: object, distribution: str) -> type[Connector]:
    if isinstance(found, type) and issubclass(found, Connector) and getattr(found, "kind", None) == kind:
        return found
    raise ConfigurationError(
        f"the connector {kind!r} of {distribution} is not a Connector of that kind",
        location=f"kind: {kind}",
        hint="it must subclass connectors.base.Connector and set its kind to the name of its entry point",
    )


def _distribution(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.module
