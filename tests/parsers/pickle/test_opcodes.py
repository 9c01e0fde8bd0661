"""One test for each row of the machine that is modelled: what an opcode imports, calls and sets."""

import struct

import pytest

from fixtures import pickles
from fixtures.pickles import BUILD, EMPTY_DICT, EMPTY_TUPLE, MARK, NEWOBJ, NONE, POP, REDUCE, STACK_GLOBAL, STOP
from fixtures.reading import Read


def one(data: bytes):
    (call,) = Read(data).calls
    return call


@pytest.mark.parametrize("protocol", range(6))
def test_a_reduce_call_is_seen_with_its_arguments_in_every_protocol(protocol):
    read = Read(pickles.reduce_call("os", "system", "echo hi", protocol=protocol))
    (call,) = read.calls
    assert (call.target, call.kind, call.consumed, call.computed) == ("os.system", "reduce", True, False)
    assert [(arg.type, arg.value) for arg in call.args] == [("str", "echo hi")]
    assert read.imports[0].uses == {"called"}
    assert read.streams[0].stopped
    assert read.streams[0].protocol == (protocol if protocol >= 2 else 0)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (pickles.inst_call("os", "system", "echo hi"), "inst"),
        (pickles.obj_call("os", "system", "echo hi"), "obj"),
        (pickles.newobj_call("os", "system", "echo hi"), "newobj"),
        (pickles.newobj_ex_call("os", "system", "echo hi", keywords={"shell": True}), "newobj_ex"),
    ],
)
def test_every_way_of_calling_is_a_call_of_its_kind(data, kind):
    call = one(data)
    assert (call.target, call.kind, call.args[0].value) == ("os.system", kind, "echo hi")


def test_keyword_arguments_of_newobj_ex_are_recorded():
    call = one(pickles.newobj_ex_call("a", "B", keywords={"shell": True, "n": 3}))
    assert [(arg.name, arg.type, arg.value) for arg in call.kwargs] == [("shell", "bool", "true"), ("n", "int", "3")]


def test_obj_without_arguments_is_still_a_call():
    assert one(pickles.obj_call("os", "getpid")).kind == "obj"


def test_a_popped_result_is_a_call_that_nobody_consumes():
    data = pickles.stream(MARK, pickles.imported("os", "getpid"), b"o", POP, NONE)
    assert not one(data).consumed


def test_name_lines_are_cut_at_line_feeds_only_and_never_trimmed():
    read = Read(b"cos \r\nsys\\tem\n.")
    assert (read.imports[0].module, read.imports[0].name) == ("os \r", "sys\\tem")


def test_names_of_python_2_are_mapped_below_protocol_3_and_kept_as_written():
    fact = Read(pickles.reduce_call("__builtin__", "eval", "1", protocol=2)).imports[0]
    assert (fact.module, fact.qualname) == ("__builtin__", "builtins.eval")
    assert {"__builtin__.eval", "builtins.eval"} <= fact.names


def test_names_are_not_mapped_from_protocol_3_on_but_the_mapped_spelling_is_known():
    fact = Read(pickles.reduce_call("itertools", "imap", protocol=4)).imports[0]
    assert fact.qualname == "itertools.imap"
    assert "builtins.map" in fact.names


def test_mapping_follows_a_later_proto_in_the_middle_of_a_stream():
    data = b"\x80\x04" + b"\x80\x02" + pickles.glob("__builtin__", "eval") + b"\x80\x04" + pickles.glob("commands", "x")
    read = Read(data + STOP)
    assert read.qualnames == ["builtins.eval", "commands.x"]
    assert read.defects.count("late-proto") == 2


def test_a_dotted_name_reaches_what_it_spells_in_any_module():
    fact = Read(pickles.reduce_call("pathlib", "os.path.basename", "x")).imports[0]
    assert fact.qualname == "pathlib.os.path.basename"
    assert {"os.path.basename", "posixpath.basename"} <= fact.names
    assert {"pathlib", "os", "path", "basename"} <= fact.segments


def test_aliases_of_a_module_are_spellings_of_its_names():
    assert {"os.system", "posix.system", "nt.system"} <= Read(pickles.reduce_call("nt", "system")).imports[0].names


def test_a_trailing_call_method_is_the_object_itself():
    assert "os.system" in Read(pickles.reduce_call("os", "system.__call__")).imports[0].names


@pytest.mark.parametrize("push", [b"U\x06system", b"T\x06\0\0\0system", b"S'system'\n", b"V\\u0073ystem\n"])
def test_stack_global_takes_every_kind_of_text(push):
    assert Read(b"\x80\x04\x8c\x02os" + push + STACK_GLOBAL + STOP).qualnames == ["os.system"]


def test_stack_global_takes_operands_from_memo_dup_and_pop_games():
    data = b"\x80\x04\x8c\x06system\x94\x8c\x02os" + b"20" + pickles.get(0) + STACK_GLOBAL + STOP
    assert Read(data).qualnames == ["os.system"]


def test_stack_global_with_an_operand_at_the_start_of_a_stream_without_header():
    assert Read(b"\x8c\x02os\x8c\x06system\x93.").qualnames == ["os.system"]


def test_a_name_that_is_put_together_by_a_call_is_computed():
    read = Read(pickles.computed_import())
    fact = next(fact for fact in read.imports if fact.computed)
    assert (fact.module, fact.name, fact.qualname) == ("os", "system", "os.system")
    assert read.calls[-1].computed
    assert "builtins.str.join" in read.calls[-1].flows_from


def test_a_result_that_is_called_says_where_it_comes_from():
    getattr_ = (
        pickles.imported("builtins", "getattr") + pickles.args(pickles.imported("os", "system"), "__call__") + REDUCE
    )
    call = Read(pickles.stream(getattr_, pickles.args("echo"), REDUCE)).calls[1]
    assert (call.target, call.computed, call.flows_from) == ("os.system.__call__", True, {"builtins.getattr"})
    assert "os.system" in call.names


def test_flows_go_through_containers_and_tuples():
    inner = pickles.reduce_call("base64", "b64decode", "x")[2:-1]
    data = pickles.stream(pickles.imported("a", "b"), b"](" + inner + b"e\x85\x85", REDUCE)
    assert Read(data).calls[-1].flows_from == {"base64.b64decode"}


def test_build_on_an_import_sets_attributes_of_it():
    read = Read(pickles.build("mod", "Thing", {"run": pickles.imported("os", "system")}, slots=True))
    (fact,) = read.setattrs
    assert (fact.target, fact.target_is, fact.via) == ("mod.Thing", "import", "BUILD")
    assert (fact.keys, fact.callable_values) == ({"run"}, {"os.system"})
    assert {fact.qualname: set(fact.uses) for fact in read.imports} == {"mod.Thing": {"built"}, "os.system": {"stored"}}


def test_a_planted_setstate_is_called_by_the_next_build():
    call = Read(pickles.planted_setstate("os", "system", "echo hi")).calls[-1]
    assert (call.target, call.kind, call.args[0].value) == ("os.system", "build", "echo hi")


@pytest.mark.parametrize(("attribute", "opcode"), [("append", b"a"), ("extend", b"a"), ("add", b"(K\x01\x90")])
def test_a_planted_method_is_called_by_append_and_add(attribute, opcode):
    plant = pickles.dictionary({attribute: pickles.imported("os", "system")}) + BUILD
    made = pickles.imported("argparse", "Namespace") + EMPTY_TUPLE + NEWOBJ + plant
    item = b"" if opcode != b"a" else b"K\x01"
    assert "os.system" in Read(pickles.stream(made, item + opcode)).targets


def test_an_attribute_planted_in_the_class_is_called_on_its_instance():
    cls = pickles.imported("m", "C") + b"\x94"
    plant = NONE + pickles.dictionary({"append": pickles.imported("os", "system")}) + b"\x86" + BUILD
    made = pickles.get(0) + EMPTY_TUPLE + NEWOBJ + b"K\x01a"
    assert "os.system" in Read(pickles.stream(cls, plant, made)).targets


def test_setitem_on_an_import_sets_something_of_it():
    (fact,) = Read(pickles.set_items("sys", "modules", {"json": pickles.imported("os", "system")})).setattrs
    assert (fact.target, fact.via, fact.keys) == ("sys.modules", "SETITEMS", {"json"})


def test_setitems_of_an_odd_number_set_the_pairs_before_the_last():
    data = pickles.stream(pickles.imported("a", "b"), b"(\x8c\x01kK\x01\x8c\x01xu")
    read = Read(data)
    assert read.setattrs[0].keys == {"k"}
    assert "odd-items" in read.defects


def test_many_keys_come_in_portions():
    facts = Read(pickles.set_items("collections", "OrderedDict", {f"layer{i}": i for i in range(600)})).setattrs
    assert [len(fact.keys) for fact in facts] == [256, 256, 88]


def test_append_on_an_object_calls_its_method():
    call = Read(pickles.stream(pickles.imported("m", "L"), EMPTY_TUPLE + REDUCE, b"(K\x01e")).calls[-1]
    assert (call.target, call.kind) == ("m.L", "extend")


def test_lists_dictionaries_and_sets_take_items_without_any_fact():
    data = pickles.stream(b"](K\x01K\x02e0}(\x8c\x01aK\x01u0\x8f(K\x01\x900(K\x01\x910(K\x01l0(K\x01K\x02d")
    assert [fact.KIND for fact in Read(data).facts] == ["stream"]


def test_an_extension_code_without_registry_is_a_computed_import():
    read = Read(b"\x80\x02\x82\x05.")
    assert (read.imports[0].opcode, read.imports[0].computed) == ("EXT1", True)
    assert (read.calls[0].kind, read.calls[0].args[0].value) == ("ext", "5")


def test_an_extension_code_that_the_stream_registers_is_resolved():
    register = pickles.imported("copyreg", "add_extension") + pickles.args("os", "system", 5) + REDUCE + POP
    assert Read(pickles.stream(register, b"\x83\x05\0", pickles.args("echo"), REDUCE)).targets[-1] == "os.system"


def test_an_extension_code_that_is_set_in_the_registry_is_resolved():
    entry = b"(K\x07" + pickles.args("os", "system") + b"u0"
    data = pickles.stream(pickles.imported("copyreg", "_inverted_registry"), entry, b"\x84\x07\0\0\0")
    assert "os.system" in Read(data).qualnames


def test_persistent_ids_are_calls_with_the_parts_of_the_id():
    pid = pickles.args("storage", pickles.imported("torch", "FloatStorage"), "0", "cpu", 4)
    call = one(pickles.stream(pid, b"Q"))
    assert call.kind == "persid"
    assert [arg.value or arg.qualname for arg in call.args] == ["storage", "torch.FloatStorage", "0", "cpu", "4"]
    assert one(b"Pmodel-1\n.").args[0].value == "model-1"


def test_memoize_writes_the_number_of_keys_even_between_sparse_ones():
    data = b"\x80\x04K\x07q\x05K\x08\x94\x8c\x02os\x94\x8c\x06system\x94" + b"h\x02h\x03\x93."
    assert Read(data).qualnames == ["os.system"]


def test_a_memo_key_can_be_bound_again():
    data = b"\x80\x04\x8c\x01xq\x00\x8c\x02osq\x00\x8c\x06system00h\x00\x8c\x06system\x93."
    assert Read(data).qualnames == ["os.system"]


@pytest.mark.parametrize("key", [b" 3 ", b"003", b"0_3", b"+3"])
def test_put_keys_are_read_as_int_reads_them(key):
    data = b"Vos\np" + key + b"\n0g3\nVsystem\n\x93."
    assert Read(data).qualnames == ["os.system"]


def test_a_missing_memo_key_is_unknown_and_reading_goes_on():
    read = Read(pickles.stream(b"h\x09", pickles.reduce_call("os", "system", "x")[2:-1]))
    assert read.defects == ["memo-missing"]
    assert read.targets == ["os.system"]


def test_a_huge_memo_index_costs_nothing_and_is_a_limit():
    read = Read(b"K\x01r\xff\xff\xff\xff.")
    assert read.limits == ["memo"]
    assert read.streams[0].stopped


def test_pop_right_after_a_mark_removes_the_mark():
    data = b"\x80\x04K\x01(0\x85" + pickles.imported("a", "b") + b"\x86."
    assert not Read(data).defects


def test_pop_on_an_empty_stack_is_a_defect_and_reading_goes_on():
    read = Read(b"0" + pickles.reduce_call("os", "system", "x", protocol=0))
    assert "stack-underflow" in read.defects
    assert read.targets == ["os.system"]


def test_a_mark_that_is_missing_is_a_defect_and_reading_goes_on():
    read = Read(b"N" + b"t" + pickles.reduce_call("os", "system", "x", protocol=0))
    assert "no-mark" in read.defects
    assert read.targets == ["os.system"]


def test_protocols_above_5_and_late_headers_are_defects():
    assert Read(b"\x80\x09N.").defects == ["bad-protocol"]
    assert Read(b"\x80\x04N\x80\x04.").defects == ["late-proto"]


@pytest.mark.parametrize("size", [1, 5, 1 << 40])
def test_a_lying_frame_is_a_defect_and_hides_nothing(size):
    body = pickles.reduce_call("os", "system", "echo", protocol=4)[2:]
    read = Read(b"\x80\x04" + pickles.frame(body, size))
    assert set(read.defects) == {"bad-frame"} or set(read.defects) == {"bad-frame", "truncated"}
    assert "os.system" in read.targets


def test_a_name_behind_the_end_of_a_frame_is_read_as_a_file_reader_does():
    body = b"cjunk" + b"os\nsystem\n.tail\n)R."
    data = b"\x80\x04" + b"\x95" + struct.pack("<Q", 5) + body
    assert {"junkos.system", "os.system"} <= set(Read(data).qualnames)


def test_a_frame_in_a_frame_is_a_defect():
    assert Read(b"\x80\x04" + pickles.frame(b"K\x01" + pickles.frame(b"0K\x02."))).defects == ["bad-frame"]


def test_frames_as_written_are_no_defect():
    assert not Read(b"\x80\x04" + pickles.frame(b"K\x01") + pickles.frame(b"\x85.")).defects


def test_stop_ignores_what_else_is_on_the_stack():
    assert Read(b"K\x01K\x02K\x03.").streams[0].stopped


def test_out_of_band_buffers_are_a_defect():
    assert Read(b"\x80\x05\x97\x98.").defects == ["out-of-band"]


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x04B\xff\xff\xff\x7fab",
        b"\x80\x04\x8e" + b"\xff" * 8,
        b"\x80\x04\x8d\xff\0\0\0\0\0\0\0ab",
        b"T\xff\xff\xff\xffab",
    ],
)
def test_sizes_are_compared_with_what_is_left_before_anything_is_read(data):
    read = Read(data)
    assert read.streams[0].error in ("truncated", "bad-size")


def test_numbers_of_every_opcode_are_arguments():
    pushes = b"K\x05M\x01\x02J\xff\xff\xff\xffI0x10\nL12L\nF2.5\nG?\xf8\0\0\0\0\0\0"
    pushes += b"\x8a\x02\x00\x01\x8b\x01\0\0\0\x07\x88\x89NI01\n"
    call = one(b"\x80\x02" + pickles.glob("a", "b") + b"(" + pushes + b"tR.")
    assert [arg.value for arg in call.args] == [
        "5", "513", "-1", "16", "12", "2.5", "1.5", "256", "7", "true", "false", None, "true",
    ]  # fmt: skip


def test_every_kind_of_argument_has_its_type():
    items = b"N]}\x8f)" + pickles.literal(b"a\xff\\") + pickles.imported("m", "C") + pickles.reduce_call("m", "f")[2:-1]
    items += pickles.newobj_call("m", "D", protocol=2)[2:-1] + b"h\x07"
    call = Read(pickles.stream(pickles.imported("a", "b"), b"(" + items + b"t", REDUCE)).calls[-1]
    assert [arg.type for arg in call.args] == [
        "none", "list", "dict", "set", "tuple", "bytes", "import", "result", "instance", "unknown",
    ]  # fmt: skip
    assert call.args[5].value == "a\\xff\\\\"
    assert [arg.qualname for arg in call.args[6:9]] == ["m.C", "m.f", "m.D"]


def test_long_arguments_are_cut_and_say_so():
    call = one(pickles.reduce_call("a", "b", "x" * 5000))
    assert (len(call.args[0].value), call.cut) == (1024, {"args"})


def test_lone_surrogates_and_text_that_is_not_utf8_do_not_stop_the_reading():
    read = Read(b"\x80\x04\x8c\x03\xed\xa0\x800\x8c\x01\xff0" + pickles.reduce_call("os", "system", "x")[2:])
    assert read.targets == ["os.system"]
    assert read.defects == ["bad-text"]


def test_reduce_with_something_else_than_a_tuple_is_a_call():
    assert [arg.value for arg in one(pickles.stream(pickles.imported("a", "b"), b"](K\x01K\x02e", REDUCE)).args] == [
        "1",
        "2",
    ]
    call = one(pickles.stream(pickles.imported("a", "b"), b"h\x05", REDUCE))
    assert call.unknown == {"args"}


def test_the_same_import_twice_is_one_fact_with_both_places():
    data = pickles.glob("a", "b") + b"0" + pickles.glob("a", "b") + STOP
    (fact,) = Read(data).imports
    assert (fact.n, [place.offset for place in fact.places]) == (2, [0, 6])


def test_opcodes_of_a_stream_are_named():
    assert Read(EMPTY_DICT + STOP).streams[0].opcodes == {"EMPTY_DICT", "STOP"}


def test_equal_calls_beyond_the_first_come_as_one_fact_with_their_number():
    data = b"\x80\x02" + pickles.glob("a", "b") + b"q\x00" + b"h\x00)R0" * 100 + b"."
    calls = Read(data).calls
    assert sum(call.n for call in calls) == 100
    assert len(calls) == 17
