"""The fact classes. Generated from `schemas/facts.schema.json` by `tools/generate_facts.py`: edit that."""

# ruff: noqa: PLR0913, E501
from __future__ import annotations

from types import MappingProxyType

from modelaudit.engine.facts.base import Fact, Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

EMPTY_MAP: Mapping[str, str] = MappingProxyType({})


class Place(Record):
    """Where a fact was seen."""

    __slots__ = ('offset', 'pointer', 'node', 'layer',)
    FIELDS = ('offset', 'pointer', 'node', 'layer',)

    def __init__(
        self,
        offset: int | None = None,
        pointer: str | None = None,
        node: str | None = None,
        layer: str | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "offset", offset)
        put(self, "pointer", pointer)
        put(self, "node", node)
        put(self, "layer", layer)

    offset: int | None
    pointer: str | None
    node: str | None
    layer: str | None


class Arg(Record):
    """An argument of a call."""

    __slots__ = ('type', 'value', 'qualname', 'source',)
    FIELDS = ('type', 'value', 'qualname', 'source',)

    def __init__(
        self,
        *,
        type: str = 'unknown',
        value: str | None = None,
        qualname: str | None = None,
        source: str | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "type", type)
        put(self, "value", value)
        put(self, "qualname", qualname)
        put(self, "source", source)

    type: str
    value: str | None
    qualname: str | None
    source: str | None


class Kwarg(Record):
    """A keyword argument of a call."""

    __slots__ = ('name', 'type', 'value', 'qualname', 'source',)
    FIELDS = ('name', 'type', 'value', 'qualname', 'source',)

    def __init__(
        self,
        *,
        name: str = 'unknown',
        type: str = 'unknown',
        value: str | None = None,
        qualname: str | None = None,
        source: str | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "name", name)
        put(self, "type", type)
        put(self, "value", value)
        put(self, "qualname", qualname)
        put(self, "source", source)

    name: str
    type: str
    value: str | None
    qualname: str | None
    source: str | None


class Stats(Record):
    """Statistics of a tensor's values."""

    __slots__ = ('count', 'nan', 'inf', 'mean', 'std', 'min', 'max', 'constant_rows', 'duplicate_rows', 'row_norm_z_max',)
    FIELDS = ('count', 'nan', 'inf', 'mean', 'std', 'min', 'max', 'constant_rows', 'duplicate_rows', 'row_norm_z_max',)

    def __init__(
        self,
        *,
        count: int | None = None,
        nan: int | None = None,
        inf: int | None = None,
        mean: float | None = None,
        std: float | None = None,
        min: float | None = None,
        max: float | None = None,
        constant_rows: int | None = None,
        duplicate_rows: int | None = None,
        row_norm_z_max: float | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "count", count)
        put(self, "nan", nan)
        put(self, "inf", inf)
        put(self, "mean", mean)
        put(self, "std", std)
        put(self, "min", min)
        put(self, "max", max)
        put(self, "constant_rows", constant_rows)
        put(self, "duplicate_rows", duplicate_rows)
        put(self, "row_norm_z_max", row_norm_z_max)

    count: int | None
    nan: int | None
    inf: int | None
    mean: float | None
    std: float | None
    min: float | None
    max: float | None
    constant_rows: int | None
    duplicate_rows: int | None
    row_norm_z_max: float | None


class Artifact(Fact):
    """One file, folder or nested member: what the other facts were seen in."""

    __slots__ = ('places', 'n', 'unknown', 'cut', 'lossy', 'path', 'name', 'format', 'formats', 'families', 'version', 'role', 'size', 'sha256', 'extension', 'declared_format', 'depth', 'view', 'source', 'repo', 'revision', 'producer', 'producer_version', 'coverage', 'incomplete',)
    KIND = 'artifact'
    COLLECTION = 'artifacts'
    SUBJECT = 'path'
    IDENTITY = ('format', 'role',)
    CONTEXT = frozenset(['declared_format', 'depth', 'extension', 'name', 'path', 'repo', 'revision', 'source'])
    FIELDS = ('places', 'n', 'unknown', 'cut', 'lossy', 'path', 'name', 'format', 'formats', 'families', 'version', 'role', 'size', 'sha256', 'extension', 'declared_format', 'depth', 'view', 'source', 'repo', 'revision', 'producer', 'producer_version', 'coverage', 'incomplete',)
    KEY = ('unknown', 'cut', 'lossy', 'path', 'name', 'format', 'formats', 'families', 'version', 'role', 'size', 'sha256', 'extension', 'declared_format', 'depth', 'view', 'source', 'repo', 'revision', 'producer', 'producer_version', 'coverage', 'incomplete',)

    def __init__(
        self,
        *,
        path: str = '',
        name: str = '',
        format: str = 'unknown',
        formats: frozenset[str] = frozenset(),
        families: frozenset[str] = frozenset(),
        version: str | None = None,
        role: str = 'model',
        size: int = 0,
        sha256: str | None = None,
        extension: str = '',
        declared_format: str | None = None,
        depth: int = 0,
        view: str = 'visible',
        source: str = 'local',
        repo: str | None = None,
        revision: str | None = None,
        producer: str | None = None,
        producer_version: str | None = None,
        coverage: str = 'full',
        incomplete: frozenset[str] = frozenset(),
        places: tuple[Place, ...] = (),
        n: int = 1,
        unknown: frozenset[str] = frozenset(),
        cut: frozenset[str] = frozenset(),
        lossy: bool = False,
    ) -> None:
        put = object.__setattr__
        put(self, "places", places)
        put(self, "n", n)
        put(self, "unknown", unknown)
        put(self, "cut", cut)
        put(self, "lossy", lossy)
        put(self, "path", path)
        put(self, "name", name)
        put(self, "format", format)
        put(self, "formats", formats)
        put(self, "families", families)
        put(self, "version", version)
        put(self, "role", role)
        put(self, "size", size)
        put(self, "sha256", sha256)
        put(self, "extension", extension)
        put(self, "declared_format", declared_format)
        put(self, "depth", depth)
        put(self, "view", view)
        put(self, "source", source)
        put(self, "repo", repo)
        put(self, "revision", revision)
        put(self, "producer", producer)
        put(self, "producer_version", producer_version)
        put(self, "coverage", coverage)
        put(self, "incomplete", incomplete)

    places: tuple[Place, ...]
    n: int
    unknown: frozenset[str]
    cut: frozenset[str]
    lossy: bool
    path: str
    name: str
    format: str
    formats: frozenset[str]
    families: frozenset[str]
    version: str | None
    role: str
    size: int
    sha256: str | None
    extension: str
    declared_format: str | None
    depth: int
    view: str
    source: str
    repo: str | None
    revision: str | None
    producer: str | None
    producer_version: str | None
    coverage: str
    incomplete: frozenset[str]


class Stream(Fact):
    """One pickle stream."""

    __slots__ = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'index', 'role', 'protocol', 'opcodes', 'start', 'end', 'stopped', 'error',)
    KIND = 'stream'
    COLLECTION = 'streams'
    SUBJECT = 'index'
    IDENTITY = ('index', 'role',)
    CONTEXT = frozenset(['artifact'])
    FIELDS = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'index', 'role', 'protocol', 'opcodes', 'start', 'end', 'stopped', 'error',)
    KEY = ('artifact', 'unknown', 'cut', 'lossy', 'index', 'role', 'protocol', 'opcodes', 'start', 'end', 'stopped', 'error',)

    def __init__(
        self,
        artifact: str = "",
        *,
        index: int = 0,
        role: str = 'main',
        protocol: int = 0,
        opcodes: frozenset[str] = frozenset(),
        start: int = 0,
        end: int | None = None,
        stopped: bool = False,
        error: str | None = None,
        places: tuple[Place, ...] = (),
        n: int = 1,
        unknown: frozenset[str] = frozenset(),
        cut: frozenset[str] = frozenset(),
        lossy: bool = False,
    ) -> None:
        put = object.__setattr__
        put(self, "artifact", artifact)
        put(self, "places", places)
        put(self, "n", n)
        put(self, "unknown", unknown)
        put(self, "cut", cut)
        put(self, "lossy", lossy)
        put(self, "index", index)
        put(self, "role", role)
        put(self, "protocol", protocol)
        put(self, "opcodes", opcodes)
        put(self, "start", start)
        put(self, "end", end)
        put(self, "stopped", stopped)
        put(self, "error", error)

    artifact: str
    places: tuple[Place, ...]
    n: int
    unknown: frozenset[str]
    cut: frozenset[str]
    lossy: bool
    index: int
    role: str
    protocol: int
    opcodes: frozenset[str]
    start: int
    end: int | None
    stopped: bool
    error: str | None


class Import(Fact):
    """A stream or configuration resolves a name."""

    __slots__ = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'module', 'name', 'qualname', 'names', 'segments', 'opcode', 'computed', 'uses',)
    KIND = 'import'
    COLLECTION = 'imports'
    SUBJECT = 'qualname'
    IDENTITY = ('qualname', 'opcode',)
    CONTEXT = frozenset(['artifact'])
    FIELDS = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'module', 'name', 'qualname', 'names', 'segments', 'opcode', 'computed', 'uses',)
    KEY = ('artifact', 'unknown', 'cut', 'lossy', 'module', 'name', 'qualname', 'names', 'segments', 'opcode', 'computed', 'uses',)

    def __init__(
        self,
        artifact: str = "",
        *,
        module: str = '',
        name: str = '',
        qualname: str = '',
        names: frozenset[str] = frozenset(),
        segments: frozenset[str] = frozenset(),
        opcode: str = '',
        computed: bool = False,
        uses: frozenset[str] = frozenset(),
        places: tuple[Place, ...] = (),
        n: int = 1,
        unknown: frozenset[str] = frozenset(),
        cut: frozenset[str] = frozenset(),
        lossy: bool = False,
    ) -> None:
        put = object.__setattr__
        put(self, "artifact", artifact)
        put(self, "places", places)
        put(self, "n", n)
        put(self, "unknown", unknown)
        put(self, "cut", cut)
        put(self, "lossy", lossy)
        put(self, "module", module)
        put(self, "name", name)
        put(self, "qualname", qualname)
        put(self, "names", names)
        put(self, "segments", segments)
        put(self, "opcode", opcode)
        put(self, "computed", computed)
        put(self, "uses", uses)

    artifact: str
    places: tuple[Place, ...]
    n: int
    unknown: frozenset[str]
    cut: frozenset[str]
    lossy: bool
    module: str
    name: str
    qualname: str
    names: frozenset[str]
    segments: frozenset[str]
    opcode: str
    computed: bool
    uses: frozenset[str]


class Call(Fact):
    """A callable would be called."""

    __slots__ = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'id', 'target', 'names', 'kind', 'args', 'kwargs', 'flows_from', 'consumed', 'phase', 'computed',)
    KIND = 'call'
    COLLECTION = 'calls'
    SUBJECT = 'target'
    IDENTITY = ('target', 'kind',)
    CONTEXT = frozenset(['artifact'])
    FIELDS = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'id', 'target', 'names', 'kind', 'args', 'kwargs', 'flows_from', 'consumed', 'phase', 'computed',)
    KEY = ('artifact', 'unknown', 'cut', 'lossy', 'target', 'names', 'kind', 'args', 'kwargs', 'flows_from', 'consumed', 'phase', 'computed',)

    def __init__(
        self,
        artifact: str = "",
        *,
        id: int = 0,
        target: str = '',
        names: frozenset[str] = frozenset(),
        kind: str = 'reduce',
        args: tuple[Arg, ...] = (),
        kwargs: tuple[Kwarg, ...] = (),
        flows_from: frozenset[str] = frozenset(),
        consumed: bool = False,
        phase: str = 'load',
        computed: bool = False,
        places: tuple[Place, ...] = (),
        n: int = 1,
        unknown: frozenset[str] = frozenset(),
        cut: frozenset[str] = frozenset(),
        lossy: bool = False,
    ) -> None:
        put = object.__setattr__
        put(self, "artifact", artifact)
        put(self, "places", places)
        put(self, "n", n)
        put(self, "unknown", unknown)
        put(self, "cut", cut)
        put(self, "lossy", lossy)
        put(self, "id", id)
        put(self, "target", target)
        put(self, "names", names)
        put(self, "kind", kind)
        put(self, "args", args)
        put(self, "kwargs", kwargs)
        put(self, "flows_from", flows_from)
        put(self, "consumed", consumed)
        put(self, "phase", phase)
        put(self, "computed", computed)

    artifact: str
    places: tuple[Place, ...]
    n: int
    unknown: frozenset[str]
    cut: frozenset[str]
    lossy: bool
    id: int
    target: str
    names: frozenset[str]
    kind: str
    args: tuple[Arg, ...]
    kwargs: tuple[Kwarg, ...]
    flows_from: frozenset[str]
    consumed: bool
    phase: str
    computed: bool


class Setattr(Fact):
    """State is set on something: BUILD, SETITEM and their like."""

    __slots__ = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'target', 'names', 'target_is', 'via', 'keys', 'callable_values',)
    KIND = 'setattr'
    COLLECTION = 'setattrs'
    SUBJECT = 'target'
    IDENTITY = ('target', 'via',)
    CONTEXT = frozenset(['artifact'])
    FIELDS = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'target', 'names', 'target_is', 'via', 'keys', 'callable_values',)
    KEY = ('artifact', 'unknown', 'cut', 'lossy', 'target', 'names', 'target_is', 'via', 'keys', 'callable_values',)

    def __init__(
        self,
        artifact: str = "",
        *,
        target: str = '',
        names: frozenset[str] = frozenset(),
        target_is: str = 'import',
        via: str = '',
        keys: frozenset[str] = frozenset(),
        callable_values: frozenset[str] = frozenset(),
        places: tuple[Place, ...] = (),
        n: int = 1,
        unknown: frozenset[str] = frozenset(),
        cut: frozenset[str] = frozenset(),
        lossy: bool = False,
    ) -> None:
        put = object.__setattr__
        put(self, "artifact", artifact)
        put(self, "places", places)
        put(self, "n", n)
        put(self, "unknown", unknown)
        put(self, "cut", cut)
        put(self, "lossy", lossy)
        put(self, "target", target)
        put(self, "names", names)
        put(self, "target_is", target_is)
        put(self, "via", via)
        put(self, "keys", keys)
        put(self, "callable_values", callable_values)

    artifact: str
    places: tuple[Place, ...]
    n: int
    unknown: frozenset[str]
    cut: frozenset[str]
    lossy: bool
    target: str
    names: frozenset[str]
    target_is: str
    via: str
    keys: frozenset[str]
    callable_values: frozenset[str]


class Op(Fact):
    """A graph operator."""

    __slots__ = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'domain', 'type', 'name', 'graph_path', 'attributes', 'const_inputs',)
    KIND = 'op'
    COLLECTION = 'ops'
    SUBJECT = 'type'
    IDENTITY = ('domain', 'type',)
    CONTEXT = frozenset(['artifact'])
    FIELDS = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'domain', 'type', 'name', 'graph_path', 'attributes', 'const_inputs',)
    KEY = ('artifact', 'unknown', 'cut', 'lossy', 'domain', 'type', 'graph_path', 'attributes', 'const_inputs',)

    def __init__(
        self,
        artifact: str = "",
        *,
        domain: str = '',
        type: str = '',
        name: str | None = None,
        graph_path: str | None = None,
        attributes: Mapping[str, str] = EMPTY_MAP,
        const_inputs: tuple[str, ...] = (),
        places: tuple[Place, ...] = (),
        n: int = 1,
        unknown: frozenset[str] = frozenset(),
        cut: frozenset[str] = frozenset(),
        lossy: bool = False,
    ) -> None:
        put = object.__setattr__
        put(self, "artifact", artifact)
        put(self, "places", places)
        put(self, "n", n)
        put(self, "unknown", unknown)
        put(self, "cut", cut)
        put(self, "lossy", lossy)
        put(self, "domain", domain)
        put(self, "type", type)
        put(self, "name", name)
        put(self, "graph_path", graph_path)
        put(self, "attributes", attributes)
        put(self, "const_inputs", const_inputs)

    artifact: str
    places: tuple[Place, ...]
    n: int
    unknown: frozenset[str]
    cut: frozenset[str]
    lossy: bool
    domain: str
    type: str
    name: str | None
    graph_path: str | None
    attributes: Mapping[str, str]
    const_inputs: tuple[str, ...]


class Layer(Fact):
    """A layer or configured object."""

    __slots__ = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'class_name', 'module', 'registered_name', 'name', 'code', 'config_paths',)
    KIND = 'layer'
    COLLECTION = 'layers'
    SUBJECT = 'class_name'
    IDENTITY = ('class_name', 'module', 'name',)
    CONTEXT = frozenset(['artifact'])
    FIELDS = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'class_name', 'module', 'registered_name', 'name', 'code', 'config_paths',)
    KEY = ('artifact', 'unknown', 'cut', 'lossy', 'class_name', 'module', 'registered_name', 'name', 'code', 'config_paths',)

    def __init__(
        self,
        artifact: str = "",
        *,
        class_name: str = '',
        module: str | None = None,
        registered_name: str | None = None,
        name: str | None = None,
        code: str | None = None,
        config_paths: frozenset[str] | None = None,
        places: tuple[Place, ...] = (),
        n: int = 1,
        unknown: frozenset[str] = frozenset(),
        cut: frozenset[str] = frozenset(),
        lossy: bool = False,
    ) -> None:
        put = object.__setattr__
        put(self, "artifact", artifact)
        put(self, "places", places)
        put(self, "n", n)
        put(self, "unknown", unknown)
        put(self, "cut", cut)
        put(self, "lossy", lossy)
        put(self, "class_name", class_name)
        put(self, "module", module)
        put(self, "registered_name", registered_name)
        put(self, "name", name)
        put(self, "code", code)
        put(self, "config_paths", config_paths)

    artifact: str
    places: tuple[Place, ...]
    n: int
    unknown: frozenset[str]
    cut: frozenset[str]
    lossy: bool
    class_name: str
    module: str | None
    registered_name: str | None
    name: str | None
    code: str | None
    config_paths: frozenset[str] | None


class Code(Fact):
    """Embedded code of any language."""

    __slots__ = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'language', 'names', 'constants', 'imports', 'calls', 'attributes', 'computed_attribute', 'phase', 'excerpt', 'size',)
    KIND = 'code'
    COLLECTION = 'codes'
    SUBJECT = 'language'
    IDENTITY = ('language', 'excerpt',)
    CONTEXT = frozenset(['artifact'])
    FIELDS = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'language', 'names', 'constants', 'imports', 'calls', 'attributes', 'computed_attribute', 'phase', 'excerpt', 'size',)
    KEY = ('artifact', 'unknown', 'cut', 'lossy', 'language', 'names', 'constants', 'imports', 'calls', 'attributes', 'computed_attribute', 'phase', 'excerpt', 'size',)

    def __init__(
        self,
        artifact: str = "",
        *,
        language: str = '',
        names: frozenset[str] = frozenset(),
        constants: tuple[str, ...] = (),
        imports: frozenset[str] = frozenset(),
        calls: frozenset[str] = frozenset(),
        attributes: frozenset[str] = frozenset(),
        computed_attribute: bool = False,
        phase: str = 'load',
        excerpt: str | None = None,
        size: int = 0,
        places: tuple[Place, ...] = (),
        n: int = 1,
        unknown: frozenset[str] = frozenset(),
        cut: frozenset[str] = frozenset(),
        lossy: bool = False,
    ) -> None:
        put = object.__setattr__
        put(self, "artifact", artifact)
        put(self, "places", places)
        put(self, "n", n)
        put(self, "unknown", unknown)
        put(self, "cut", cut)
        put(self, "lossy", lossy)
        put(self, "language", language)
        put(self, "names", names)
        put(self, "constants", constants)
        put(self, "imports", imports)
        put(self, "calls", calls)
        put(self, "attributes", attributes)
        put(self, "computed_attribute", computed_attribute)
        put(self, "phase", phase)
        put(self, "excerpt", excerpt)
        put(self, "size", size)

    artifact: str
    places: tuple[Place, ...]
    n: int
    unknown: frozenset[str]
    cut: frozenset[str]
    lossy: bool
    language: str
    names: frozenset[str]
    constants: tuple[str, ...]
    imports: frozenset[str]
    calls: frozenset[str]
    attributes: frozenset[str]
    computed_attribute: bool
    phase: str
    excerpt: str | None
    size: int


class Blob(Fact):
    """Bytes that are a file in themselves."""

    __slots__ = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'kind', 'region', 'method', 'size', 'validated', 'sha256',)
    KIND = 'blob'
    COLLECTION = 'blobs'
    SUBJECT = 'kind'
    IDENTITY = ('kind', 'region', 'method',)
    CONTEXT = frozenset(['artifact'])
    FIELDS = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'kind', 'region', 'method', 'size', 'validated', 'sha256',)
    KEY = ('artifact', 'unknown', 'cut', 'lossy', 'kind', 'region', 'method', 'size', 'validated', 'sha256',)

    def __init__(
        self,
        artifact: str = "",
        *,
        kind: str = '',
        region: str = 'member',
        method: str = '',
        size: int = 0,
        validated: bool = False,
        sha256: str | None = None,
        places: tuple[Place, ...] = (),
        n: int = 1,
        unknown: frozenset[str] = frozenset(),
        cut: frozenset[str] = frozenset(),
        lossy: bool = False,
    ) -> None:
        put = object.__setattr__
        put(self, "artifact", artifact)
        put(self, "places", places)
        put(self, "n", n)
        put(self, "unknown", unknown)
        put(self, "cut", cut)
        put(self, "lossy", lossy)
        put(self, "kind", kind)
        put(self, "region", region)
        put(self, "method", method)
        put(self, "size", size)
        put(self, "validated", validated)
        put(self, "sha256", sha256)

    artifact: str
    places: tuple[Place, ...]
    n: int
    unknown: frozenset[str]
    cut: frozenset[str]
    lossy: bool
    kind: str
    region: str
    method: str
    size: int
    validated: bool
    sha256: str | None


class Text(Fact):
    """A string worth judging."""

    __slots__ = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'value', 'role', 'owner',)
    KIND = 'text'
    COLLECTION = 'texts'
    SUBJECT = 'owner'
    IDENTITY = ('role', 'owner',)
    CONTEXT = frozenset(['artifact'])
    FIELDS = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'value', 'role', 'owner',)
    KEY = ('artifact', 'unknown', 'cut', 'lossy', 'value', 'role', 'owner',)

    def __init__(
        self,
        artifact: str = "",
        *,
        value: str = '',
        role: str = 'template',
        owner: str = '',
        places: tuple[Place, ...] = (),
        n: int = 1,
        unknown: frozenset[str] = frozenset(),
        cut: frozenset[str] = frozenset(),
        lossy: bool = False,
    ) -> None:
        put = object.__setattr__
        put(self, "artifact", artifact)
        put(self, "places", places)
        put(self, "n", n)
        put(self, "unknown", unknown)
        put(self, "cut", cut)
        put(self, "lossy", lossy)
        put(self, "value", value)
        put(self, "role", role)
        put(self, "owner", owner)

    artifact: str
    places: tuple[Place, ...]
    n: int
    unknown: frozenset[str]
    cut: frozenset[str]
    lossy: bool
    value: str
    role: str
    owner: str


class Metadata(Fact):
    """A key and value of the format."""

    __slots__ = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'key', 'value', 'number', 'type',)
    KIND = 'metadata'
    COLLECTION = 'metadata'
    SUBJECT = 'key'
    IDENTITY = ('key',)
    CONTEXT = frozenset(['artifact'])
    FIELDS = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'key', 'value', 'number', 'type',)
    KEY = ('artifact', 'unknown', 'cut', 'lossy', 'key', 'value', 'number', 'type',)

    def __init__(
        self,
        artifact: str = "",
        *,
        key: str = '',
        value: str = '',
        number: float | None = None,
        type: str = '',
        places: tuple[Place, ...] = (),
        n: int = 1,
        unknown: frozenset[str] = frozenset(),
        cut: frozenset[str] = frozenset(),
        lossy: bool = False,
    ) -> None:
        put = object.__setattr__
        put(self, "artifact", artifact)
        put(self, "places", places)
        put(self, "n", n)
        put(self, "unknown", unknown)
        put(self, "cut", cut)
        put(self, "lossy", lossy)
        put(self, "key", key)
        put(self, "value", value)
        put(self, "number", number)
        put(self, "type", type)

    artifact: str
    places: tuple[Place, ...]
    n: int
    unknown: frozenset[str]
    cut: frozenset[str]
    lossy: bool
    key: str
    value: str
    number: float | None
    type: str


class Reference(Fact):
    """Something outside is named."""

    __slots__ = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'target', 'kind', 'owner', 'key', 'path_class', 'resolved', 'exists', 'target_kind', 'escapes_root', 'in_assets',)
    KIND = 'reference'
    COLLECTION = 'references'
    SUBJECT = 'target'
    IDENTITY = ('kind', 'target', 'key',)
    CONTEXT = frozenset(['artifact', 'escapes_root', 'exists', 'in_assets', 'resolved', 'target_kind'])
    FIELDS = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'target', 'kind', 'owner', 'key', 'path_class', 'resolved', 'exists', 'target_kind', 'escapes_root', 'in_assets',)
    KEY = ('artifact', 'unknown', 'cut', 'lossy', 'target', 'kind', 'owner', 'key', 'path_class', 'resolved', 'exists', 'target_kind', 'escapes_root', 'in_assets',)

    def __init__(
        self,
        artifact: str = "",
        *,
        target: str = '',
        kind: str = '',
        owner: str = '',
        key: str = '',
        path_class: frozenset[str] = frozenset(),
        resolved: str | None = None,
        exists: bool | None = None,
        target_kind: str | None = None,
        escapes_root: bool | None = None,
        in_assets: bool | None = None,
        places: tuple[Place, ...] = (),
        n: int = 1,
        unknown: frozenset[str] = frozenset(),
        cut: frozenset[str] = frozenset(),
        lossy: bool = False,
    ) -> None:
        put = object.__setattr__
        put(self, "artifact", artifact)
        put(self, "places", places)
        put(self, "n", n)
        put(self, "unknown", unknown)
        put(self, "cut", cut)
        put(self, "lossy", lossy)
        put(self, "target", target)
        put(self, "kind", kind)
        put(self, "owner", owner)
        put(self, "key", key)
        put(self, "path_class", path_class)
        put(self, "resolved", resolved)
        put(self, "exists", exists)
        put(self, "target_kind", target_kind)
        put(self, "escapes_root", escapes_root)
        put(self, "in_assets", in_assets)

    artifact: str
    places: tuple[Place, ...]
    n: int
    unknown: frozenset[str]
    cut: frozenset[str]
    lossy: bool
    target: str
    kind: str
    owner: str
    key: str
    path_class: frozenset[str]
    resolved: str | None
    exists: bool | None
    target_kind: str | None
    escapes_root: bool | None
    in_assets: bool | None


class Member(Fact):
    """An archive entry."""

    __slots__ = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'name', 'central_name', 'size', 'compressed_size', 'ratio', 'method', 'flags', 'path_class', 'link_target', 'duplicate', 'crc_ok', 'encrypted', 'offset',)
    KIND = 'member'
    COLLECTION = 'members'
    SUBJECT = 'name'
    IDENTITY = ('name', 'offset',)
    CONTEXT = frozenset(['artifact'])
    FIELDS = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'name', 'central_name', 'size', 'compressed_size', 'ratio', 'method', 'flags', 'path_class', 'link_target', 'duplicate', 'crc_ok', 'encrypted', 'offset',)
    KEY = ('artifact', 'unknown', 'cut', 'lossy', 'name', 'central_name', 'size', 'compressed_size', 'ratio', 'method', 'flags', 'path_class', 'link_target', 'duplicate', 'crc_ok', 'encrypted', 'offset',)

    def __init__(
        self,
        artifact: str = "",
        *,
        name: str = '',
        central_name: str | None = None,
        size: int = 0,
        compressed_size: int = 0,
        ratio: float = 0.0,
        method: str = '',
        flags: frozenset[str] = frozenset(),
        path_class: frozenset[str] = frozenset(),
        link_target: str | None = None,
        duplicate: bool = False,
        crc_ok: bool | None = None,
        encrypted: bool = False,
        offset: int = 0,
        places: tuple[Place, ...] = (),
        n: int = 1,
        unknown: frozenset[str] = frozenset(),
        cut: frozenset[str] = frozenset(),
        lossy: bool = False,
    ) -> None:
        put = object.__setattr__
        put(self, "artifact", artifact)
        put(self, "places", places)
        put(self, "n", n)
        put(self, "unknown", unknown)
        put(self, "cut", cut)
        put(self, "lossy", lossy)
        put(self, "name", name)
        put(self, "central_name", central_name)
        put(self, "size", size)
        put(self, "compressed_size", compressed_size)
        put(self, "ratio", ratio)
        put(self, "method", method)
        put(self, "flags", flags)
        put(self, "path_class", path_class)
        put(self, "link_target", link_target)
        put(self, "duplicate", duplicate)
        put(self, "crc_ok", crc_ok)
        put(self, "encrypted", encrypted)
        put(self, "offset", offset)

    artifact: str
    places: tuple[Place, ...]
    n: int
    unknown: frozenset[str]
    cut: frozenset[str]
    lossy: bool
    name: str
    central_name: str | None
    size: int
    compressed_size: int
    ratio: float
    method: str
    flags: frozenset[str]
    path_class: frozenset[str]
    link_target: str | None
    duplicate: bool
    crc_ok: bool | None
    encrypted: bool
    offset: int


class Tensor(Fact):
    """A weight."""

    __slots__ = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'name', 'dtype', 'shape', 'rows', 'nbytes', 'storage_size', 'role', 'layer', 'digest', 'stats',)
    KIND = 'tensor'
    COLLECTION = 'tensors'
    SUBJECT = 'name'
    IDENTITY = ('name',)
    CONTEXT = frozenset(['artifact'])
    FIELDS = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'name', 'dtype', 'shape', 'rows', 'nbytes', 'storage_size', 'role', 'layer', 'digest', 'stats',)
    KEY = ('artifact', 'unknown', 'cut', 'lossy', 'name', 'dtype', 'shape', 'rows', 'nbytes', 'storage_size', 'role', 'layer', 'digest', 'stats',)

    def __init__(
        self,
        artifact: str = "",
        *,
        name: str = '',
        dtype: str = '',
        shape: tuple[int, ...] = (),
        rows: int | None = None,
        nbytes: int = 0,
        storage_size: int | None = None,
        role: str | None = None,
        layer: str | None = None,
        digest: str | None = None,
        stats: Stats | None = None,
        places: tuple[Place, ...] = (),
        n: int = 1,
        unknown: frozenset[str] = frozenset(),
        cut: frozenset[str] = frozenset(),
        lossy: bool = False,
    ) -> None:
        put = object.__setattr__
        put(self, "artifact", artifact)
        put(self, "places", places)
        put(self, "n", n)
        put(self, "unknown", unknown)
        put(self, "cut", cut)
        put(self, "lossy", lossy)
        put(self, "name", name)
        put(self, "dtype", dtype)
        put(self, "shape", shape)
        put(self, "rows", rows)
        put(self, "nbytes", nbytes)
        put(self, "storage_size", storage_size)
        put(self, "role", role)
        put(self, "layer", layer)
        put(self, "digest", digest)
        put(self, "stats", stats)

    artifact: str
    places: tuple[Place, ...]
    n: int
    unknown: frozenset[str]
    cut: frozenset[str]
    lossy: bool
    name: str
    dtype: str
    shape: tuple[int, ...]
    rows: int | None
    nbytes: int
    storage_size: int | None
    role: str | None
    layer: str | None
    digest: str | None
    stats: Stats | None


class License(Fact):
    """Evidence for a licence."""

    __slots__ = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'spdx', 'ids', 'role', 'method', 'score',)
    KIND = 'license'
    COLLECTION = 'licenses'
    SUBJECT = 'spdx'
    IDENTITY = ('spdx', 'role',)
    CONTEXT = frozenset(['artifact'])
    FIELDS = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'spdx', 'ids', 'role', 'method', 'score',)
    KEY = ('artifact', 'unknown', 'cut', 'lossy', 'spdx', 'ids', 'role', 'method', 'score',)

    def __init__(
        self,
        artifact: str = "",
        *,
        spdx: str = '',
        ids: frozenset[str] = frozenset(),
        role: str = 'file',
        method: str = '',
        score: float = 0.0,
        places: tuple[Place, ...] = (),
        n: int = 1,
        unknown: frozenset[str] = frozenset(),
        cut: frozenset[str] = frozenset(),
        lossy: bool = False,
    ) -> None:
        put = object.__setattr__
        put(self, "artifact", artifact)
        put(self, "places", places)
        put(self, "n", n)
        put(self, "unknown", unknown)
        put(self, "cut", cut)
        put(self, "lossy", lossy)
        put(self, "spdx", spdx)
        put(self, "ids", ids)
        put(self, "role", role)
        put(self, "method", method)
        put(self, "score", score)

    artifact: str
    places: tuple[Place, ...]
    n: int
    unknown: frozenset[str]
    cut: frozenset[str]
    lossy: bool
    spdx: str
    ids: frozenset[str]
    role: str
    method: str
    score: float


class Secret(Fact):
    """A string that has a vendor's shape and passed its checks."""

    __slots__ = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'kind', 'validated', 'value',)
    KIND = 'secret'
    COLLECTION = 'secrets'
    SUBJECT = 'value'
    IDENTITY = ('kind', 'value',)
    CONTEXT = frozenset(['artifact'])
    FIELDS = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'kind', 'validated', 'value',)
    KEY = ('artifact', 'unknown', 'cut', 'lossy', 'kind', 'validated', 'value',)

    def __init__(
        self,
        artifact: str = "",
        *,
        kind: str = '',
        validated: bool = False,
        value: str = '',
        places: tuple[Place, ...] = (),
        n: int = 1,
        unknown: frozenset[str] = frozenset(),
        cut: frozenset[str] = frozenset(),
        lossy: bool = False,
    ) -> None:
        put = object.__setattr__
        put(self, "artifact", artifact)
        put(self, "places", places)
        put(self, "n", n)
        put(self, "unknown", unknown)
        put(self, "cut", cut)
        put(self, "lossy", lossy)
        put(self, "kind", kind)
        put(self, "validated", validated)
        put(self, "value", value)

    artifact: str
    places: tuple[Place, ...]
    n: int
    unknown: frozenset[str]
    cut: frozenset[str]
    lossy: bool
    kind: str
    validated: bool
    value: str


class Relation(Fact):
    """Files of one repository belong together."""

    __slots__ = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'kind', 'a', 'b', 'agrees', 'detail',)
    KIND = 'relation'
    COLLECTION = 'relations'
    SUBJECT = 'a'
    IDENTITY = ('kind', 'a', 'b',)
    CONTEXT = frozenset(['artifact'])
    FIELDS = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'kind', 'a', 'b', 'agrees', 'detail',)
    KEY = ('artifact', 'unknown', 'cut', 'lossy', 'kind', 'a', 'b', 'agrees', 'detail',)

    def __init__(
        self,
        artifact: str = "",
        *,
        kind: str = 'same-model',
        a: str = '',
        b: str = '',
        agrees: bool | None = None,
        detail: str | None = None,
        places: tuple[Place, ...] = (),
        n: int = 1,
        unknown: frozenset[str] = frozenset(),
        cut: frozenset[str] = frozenset(),
        lossy: bool = False,
    ) -> None:
        put = object.__setattr__
        put(self, "artifact", artifact)
        put(self, "places", places)
        put(self, "n", n)
        put(self, "unknown", unknown)
        put(self, "cut", cut)
        put(self, "lossy", lossy)
        put(self, "kind", kind)
        put(self, "a", a)
        put(self, "b", b)
        put(self, "agrees", agrees)
        put(self, "detail", detail)

    artifact: str
    places: tuple[Place, ...]
    n: int
    unknown: frozenset[str]
    cut: frozenset[str]
    lossy: bool
    kind: str
    a: str
    b: str
    agrees: bool | None
    detail: str | None


class Defect(Fact):
    """The structure is wrong."""

    __slots__ = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'code', 'detail', 'affects',)
    KIND = 'defect'
    COLLECTION = 'defects'
    SUBJECT = 'code'
    IDENTITY = ('code', 'detail',)
    CONTEXT = frozenset(['artifact'])
    FIELDS = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'code', 'detail', 'affects',)
    KEY = ('artifact', 'unknown', 'cut', 'lossy', 'code', 'detail', 'affects',)

    def __init__(
        self,
        artifact: str = "",
        *,
        code: str = '',
        detail: str = '',
        affects: frozenset[str] = frozenset(),
        places: tuple[Place, ...] = (),
        n: int = 1,
        unknown: frozenset[str] = frozenset(),
        cut: frozenset[str] = frozenset(),
        lossy: bool = False,
    ) -> None:
        put = object.__setattr__
        put(self, "artifact", artifact)
        put(self, "places", places)
        put(self, "n", n)
        put(self, "unknown", unknown)
        put(self, "cut", cut)
        put(self, "lossy", lossy)
        put(self, "code", code)
        put(self, "detail", detail)
        put(self, "affects", affects)

    artifact: str
    places: tuple[Place, ...]
    n: int
    unknown: frozenset[str]
    cut: frozenset[str]
    lossy: bool
    code: str
    detail: str
    affects: frozenset[str]


class Limit(Fact):
    """Reading stopped early here."""

    __slots__ = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'what', 'at', 'budget', 'by', 'affects',)
    KIND = 'limit'
    COLLECTION = 'limits'
    SUBJECT = 'what'
    IDENTITY = ('what',)
    CONTEXT = frozenset(['artifact'])
    FIELDS = ('artifact', 'places', 'n', 'unknown', 'cut', 'lossy', 'what', 'at', 'budget', 'by', 'affects',)
    KEY = ('artifact', 'unknown', 'cut', 'lossy', 'what', 'at', 'budget', 'by', 'affects',)

    def __init__(
        self,
        artifact: str = "",
        *,
        what: str = '',
        at: int | None = None,
        budget: int | None = None,
        by: str = 'file',
        affects: frozenset[str] = frozenset(),
        places: tuple[Place, ...] = (),
        n: int = 1,
        unknown: frozenset[str] = frozenset(),
        cut: frozenset[str] = frozenset(),
        lossy: bool = False,
    ) -> None:
        put = object.__setattr__
        put(self, "artifact", artifact)
        put(self, "places", places)
        put(self, "n", n)
        put(self, "unknown", unknown)
        put(self, "cut", cut)
        put(self, "lossy", lossy)
        put(self, "what", what)
        put(self, "at", at)
        put(self, "budget", budget)
        put(self, "by", by)
        put(self, "affects", affects)

    artifact: str
    places: tuple[Place, ...]
    n: int
    unknown: frozenset[str]
    cut: frozenset[str]
    lossy: bool
    what: str
    at: int | None
    budget: int | None
    by: str
    affects: frozenset[str]


KINDS: dict[str, type[Fact]] = {c.KIND: c for c in (Artifact, Stream, Import, Call, Setattr, Op, Layer, Code, Blob, Text, Metadata, Reference, Member, Tensor, License, Secret, Relation, Defect, Limit)}
