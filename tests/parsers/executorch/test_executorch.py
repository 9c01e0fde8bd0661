"""ExecuTorch: methods, operators and delegates of programs, tensors, and whatever leads outside of the file."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import executorches as e
from fixtures import pickles
from fixtures.tflites import Number, Numbers, Table
from modelaudit.engine.facts import Defect, Fact, Metadata, Op, Tensor
from modelaudit.parsers.base import Context, Input, Nested, Property
from modelaudit.parsers.executorch import parse
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.pipeline.scan import scan

REGISTRY = Registry.load()


def read(data):
    format = "executorch" if data[4:8] == b"ET12" else "executorch-data"
    return list(parse(Input("m.pte", BytesReader(data), format), Context()))


def of(kind, data):
    return [item for item in read(data) if isinstance(item, kind)]


def codes(data):
    return {defect.code for defect in of(Defect, data)}


def found(ruleset, tmp_path, data, name="m.pte"):
    path = tmp_path / name
    path.write_bytes(data)
    result = scan([str(path)], ruleset)
    return {(f.rule, f.severity) for f in result.findings if f.active}, result.decision.exit_code


def test_programs_and_weights_are_told_by_their_marks():
    program, weights = e.program(), e.weights(2, 3)
    assert REGISTRY.recognise(program[:4096], BytesReader(program), ".pte").formats == ("executorch",)
    assert REGISTRY.recognise(weights[:4096], BytesReader(weights), ".ptd").formats == ("executorch-data",)


def test_methods_operators_delegates_and_tensors_are_told():
    data = e.program()
    assert [(op.domain, op.type, op.graph_path) for op in of(Op, data)] == [
        ("aten", "add", "forward"),
        ("delegate", "XnnpackBackend", "forward"),
    ]
    assert [(one.name, one.dtype, one.shape, one.nbytes) for one in of(Tensor, data)] == [
        ("", "float32", (2, 3), 24),
        ("linear.bias", "float32", (3,), 12),
    ]
    assert [(one.key, one.value) for one in of(Metadata, data)] == [("method", "forward")]
    assert not codes(data)


def test_weights_of_their_own_file_are_told():
    (tensor,) = of(Tensor, e.weights(2, 3))
    assert (tensor.name, tensor.dtype, tensor.nbytes, tensor.storage_size) == ("linear.weight", "float32", 24, 24)


@pytest.mark.parametrize(("name", "data"), [("m.pte", e.program()), ("m.ptd", e.weights(2, 3))])
def test_an_ordinary_file_is_silent(ruleset, tmp_path, name, data):
    assert found(ruleset, tmp_path, data, name) == (set(), 0)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (e.program(listed=[(0, 1 << 40)]), "bad-segment"),
        (e.program(listed=[(1 << 63, 1 << 63)]), "bad-segment"),
        (e.program(listed=[(0, 8)]), "bad-index"),
        (e.program(e.plan(delegates=[e.delegate(segment=3)])), "bad-index"),
        (e.program(e.plan(inputs=(7,))), "bad-index"),
        (e.program(e.plan(inputs=(-1,))), "bad-index"),
        (e.program(e.plan(instructions=[e.call(e.KERNEL, 9, 0)])), "bad-index"),
        (e.program(e.plan(instructions=[e.call(e.KERNEL, 0, 99)])), "bad-index"),
        (e.program(e.plan(instructions=[e.call(e.DELEGATE, -1, 0)])), "bad-index"),
        (e.program(e.plan(instructions=[e.call(e.MOVE, 0, 50)])), "bad-index"),
        (e.program(e.plan(instructions=[e.call(e.JUMP, 0, 50)])), "bad-index"),
        (e.program(e.plan(instructions=[Table({0: Number("B", 9)})])), "bad-index"),
        (e.program(e.plan(values=[e.tensor(2, -1), e.tensor(1)])), "bad-shape"),
        (e.program(e.plan(values=[e.tensor(1 << 30, 1 << 30), e.tensor(1)])), "bad-shape"),
        (e.program(e.plan(values=[e.tensor(2, type=99), e.tensor(1)])), "unknown-dtype"),
        (e.build(Table({1: Numbers("I", 5, count=1 << 30)})), "bad-length"),
        (e.program() + bytes(100_000), "trailing-data"),
        (e.weights(200, 3), "tensor-size"),
        (e.weights(2, 3, segment=4), "bad-index"),
        (e.weights(2, 3, size=1 << 50), "bad-segment"),
    ],
)
def test_what_leads_outside_is_a_warning(ruleset, tmp_path, data, code):
    assert code in codes(data)
    rules, exit_code = found(ruleset, tmp_path, data)
    assert ("MA4322", "warning") in rules
    assert exit_code == 1


def test_libraries_of_ones_own_are_warnings(ruleset, tmp_path):
    data = e.program(e.plan(operators=[e.operator(b"acme::run")], delegates=[e.delegate(b"MineBackend")]))
    assert found(ruleset, tmp_path, data) == ({("MA4320", "warning"), ("MA4321", "warning")}, 1)


def test_a_program_among_the_data_of_a_delegate_is_read(ruleset, tmp_path):
    payload = pickles.reduce_call("os", "system", "echo hi")
    assert ("MA1021", "critical") in found(ruleset, tmp_path, e.program(segments=payload + bytes(64 - len(payload))))[0]
    assert any(isinstance(item, Nested) for item in read(e.weights(2, 3, size=len(payload), data=payload)))


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False))
def test_changed_files_never_raise(randomness: random.Random):
    data = bytearray(randomness.choice([e.program(), e.weights(2, 3)]))
    for _ in range(randomness.randrange(1, 8)):
        data[8 + randomness.randrange(len(data) - 8)] = randomness.choice([0, 1, 255, randomness.randrange(256)])
    cut = bytes(data[: randomness.randrange(8, len(data))]) if randomness.random() < 0.3 else bytes(data)
    assert all(isinstance(item, (Fact, Nested, Property)) for item in read(cut))
