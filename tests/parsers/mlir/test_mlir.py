"""Programs of StableHLO as bytecode and text, and exported functions of JAX."""

import random

import pytest

from fixtures import mlirs, tensorflows
from fixtures.ruling import builtin
from modelaudit.engine.facts import Blob, Defect, Limit, Metadata, Op, Text
from modelaudit.parsers.base import Context, Input, Nested, Property
from modelaudit.parsers.mlir import parse
from modelaudit.parsers.mlir.bytes import Bytes
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.pipeline.scan import scan

REGISTRY = Registry.load()
TEXT = b"""module @m {
  func.func public @main(%arg0: tensor<3xf32>) -> tensor<3xf32> {
    %0 = stablehlo.custom_call @NAME(%arg0) {api_version = 4 : i32} : (tensor<3xf32>) -> tensor<3xf32>
    %1 = stablehlo.add %0, %0 : tensor<3xf32>
  }
}
"""


def read(data, format="mlir-bytecode"):
    return list(parse(Input("f", BytesReader(data), format), Context()))


def of(kind, data, format="mlir-bytecode"):
    return [item for item in read(data, format) if isinstance(item, kind)]


def recognised(data):
    return REGISTRY.recognise(data[:4096], BytesReader(data), "").formats


def targets(data, format="mlir-bytecode"):
    ops = of(Op, data, format)
    return [op.attributes["call_target_name"] for op in ops if op.type.startswith("custom_call")]


def found(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    document = scan([str(tmp_path / name)], builtin())
    return {finding.rule: finding.severity for finding in document.findings if finding.active}


def test_they_are_told_by_their_content():
    assert recognised(mlirs.program()) == ("mlir-bytecode",)
    assert recognised(mlirs.exported_file()) == ("jax-export",)
    assert recognised(TEXT) == ("mlir-text",)
    assert recognised(b"module for stablehlo" * 9) == ("text",)
    assert not recognised(b"\1\2\0\0" + bytes(40) + b"ML\xefR" + b"\xff" * 40)


@pytest.mark.parametrize("value", [0, 1, 127, 128, 2**14, 2**21 - 1, 2**35, 2**49, 2**56 - 1, 2**56, 2**64 - 1])
def test_numbers_have_as_many_bytes_as_their_first_one_says(value):
    assert Bytes(mlirs.number(value)).number() == value


@pytest.mark.parametrize("version", range(7))
def test_operators_in_regions_are_read_in_every_version(version):
    data = mlirs.program(version=version, properties=version >= 5)
    assert [(op.domain, op.type) for op in of(Op, data)] == [
        ("builtin", "module"),
        ("vhlo", "func_v1"),
        ("vhlo", "custom_call_v1"),
    ]
    assert targets(data) == ["run_this"]
    assert not of(Defect, data)


def test_results_operands_and_orders_of_use_are_passed():
    assert targets(mlirs.program(uses=True, calls=3)) == ["run_this"] * 3


def test_settings_of_a_call_are_told():
    (call,) = [op for op in of(Op, mlirs.program()) if op.attributes]
    assert call.attributes == {"call_target_name": "run_this", "backend_config": "cfg"}
    assert call.name == "run_this"


def test_texts_and_producer_are_told():
    (text,) = of(Text, mlirs.program())
    assert "run_this" in text.value
    assert {one.name: one.value for one in of(Property, mlirs.program())}["producer"] == "StableHLO_v1.0.0"


def test_a_call_whose_target_cannot_be_told_has_one_that_nobody_knows():
    data = mlirs.program(properties=False).replace(mlirs.numbers(mlirs.DICTIONARY, 1, 0, 1), mlirs.numbers(7, 1, 0, 1))
    assert targets(data) == ["?"]


@pytest.mark.parametrize(
    "data",
    [
        mlirs.program(cut=2),
        mlirs.program(cut=99999),
        mlirs.program()[:60],
        b"ML\xefR" + b"\r" + b"x" * 5000,
        b"ML\xefR\x0dx\0" + mlirs.section(0, mlirs.numbers(1, 1) + b"\0"),
        b"ML\xefR\x0dx\0" + mlirs.section(0, mlirs.numbers(9)),
    ],
)
def test_what_is_malformed_is_a_defect(data):
    assert [one.code for one in of(Defect, data)] == ["bad-bytecode"]


def test_calls_in_the_text_form_are_told():
    assert targets(TEXT, "mlir-text") == ["NAME"]
    assert targets(TEXT.replace(b"@NAME", b'@"a b"'), "mlir-text") == ["a b"]
    generic = b'  "stablehlo.custom_call"(%0) <{call_target_name = "x.y"}> : () -> ()'
    assert targets(generic.replace(b'"stablehlo.custom_call"', b"stablehlo.custom_call"), "mlir-text") == ["x.y"]
    assert targets(TEXT + b"\n" * 1_048_300 + TEXT, "mlir-text") == ["NAME", "NAME"]


def test_an_exported_function_gives_its_program_and_names():
    items = read(mlirs.exported_file(), "jax-export")
    assert [one.name for one in items if isinstance(one, Nested)] == ["program-0.mlirbc"]
    known = {(one.key, one.value) for one in items if isinstance(one, Metadata)}
    words = {("function_name", "f"), ("platform", "cpu"), ("effect", "Effect"), ("disabled_check", "run_this")}
    assert known == words


def test_derivatives_are_read_too():
    inner = mlirs.exported()
    items = read(mlirs.exported_file(mlirs.exported(derivative=inner)), "jax-export")
    assert [one.name for one in items if isinstance(one, Nested)] == ["program-0.mlirbc", "program-1.mlirbc"]


def test_classes_of_arguments_and_pickles_that_build_them():
    pickled = b"\x80\x04cbuiltins\nprint\n(X\x01\x00\x00\x00atR."
    arguments = mlirs.tree(b"", b"", mlirs.tree(b"acme.State", pickled))
    items = read(mlirs.exported_file(mlirs.exported(arguments=arguments)), "jax-export")
    assert ("custom_name", "acme.State") in {(one.key, one.value) for one in items if isinstance(one, Metadata)}
    assert [one.kind for one in items if isinstance(one, Blob)] == ["pickle"]


def test_trees_without_end_are_a_limit():
    arguments = mlirs.tree()
    for _ in range(250):
        arguments = mlirs.tree(b"", b"", arguments)
    assert of(Limit, mlirs.exported_file(mlirs.exported(arguments=arguments)), "jax-export")


def test_a_program_in_a_graph_of_tensorflow_is_read(tmp_path):
    call = tensorflows.node("XlaCallModule", tensorflows.attr("module", (2, mlirs.program())))
    assert "MA4620" in found(tmp_path, "saved_model.pb", tensorflows.saved_model(tensorflows.graph(call)))
    call = tensorflows.node("XlaCallModule", tensorflows.attr("module", (2, mlirs.program(b"lapack_sgesdd_ffi"))))
    assert not found(tmp_path, "saved_model.pb", tensorflows.saved_model(tensorflows.graph(call)))


def test_sources_of_a_compiler_are_plain_text():
    assert recognised(b"// Lowers stablehlo.custom_call @x to a call.\nvoid lower() {}\n") == ("text",)


def test_what_a_scan_says(tmp_path):
    assert found(tmp_path, "a.mlirbc", mlirs.program()) == {"MA4620": "warning"}
    assert found(tmp_path, "b", mlirs.exported_file()) == {"MA4620": "warning"}
    assert not found(tmp_path, "c", mlirs.program(b"lapack_sgesdd_ffi"))
    assert not found(tmp_path, "d", mlirs.program(operator=b"add_v1"))
    callback = b"xla_ffi_python_cpu_callback"
    assert found(tmp_path, "e", mlirs.program(callback)) == {"MA4621": "critical"}
    assert found(tmp_path, "f.mlir", TEXT.replace(b"NAME", callback)) == {"MA4621": "critical"}
    assert "MA4622" in found(tmp_path, "g", mlirs.program(cut=2))


@pytest.mark.parametrize("format", ["mlir-bytecode", "jax-export"])
def test_mutants_never_raise(format):
    rnd = random.Random(7)
    seed = mlirs.program(uses=True) if format == "mlir-bytecode" else mlirs.exported_file()
    for _ in range(1500):
        data = bytearray(seed)
        for _ in range(rnd.randint(1, 4)):
            data[rnd.randrange(len(data))] = rnd.choice((0, 1, 127, 128, 255, rnd.randrange(256)))
        read(bytes(data), format)
