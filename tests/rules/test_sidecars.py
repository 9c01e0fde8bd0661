"""Files beside a checkpoint that trainers write: optimizer states, arguments, metadata of shards. All are pickles."""

import pytest

from fixtures import pickles as p
from fixtures.archives import Entry, archive
from modelaudit.pipeline.scan import scan


def instance(name, **state):
    module, _, last = name.rpartition(".")
    return p.glob(module, last) + p.EMPTY_TUPLE + p.NEWOBJ + p.dictionary(state, 2) + p.BUILD


def member(name, value):
    module, _, last = name.rpartition(".")
    return p.glob(module, last) + p.args(value, protocol=2) + p.REDUCE


def checkpoint(body):
    return archive([Entry("m/data.pkl", p.stream(body, protocol=2)), Entry("m/version", b"3\n")])


ZERO = p.dictionary(
    {
        "zero_stage": member("deepspeed.runtime.zero.config.ZeroStageEnum", 2),
        "loss_scaler": instance("deepspeed.runtime.fp16.loss_scaler.LossScaler", cur_scale=1),
        "param_slice_mappings": instance("deepspeed.utils.tensor_fragment.fragment_address", numel=4, start=0),
        "ds_version": "0.17.0",
    },
    2,
)
MEGATRON = p.dictionary(
    {
        "args": instance("argparse.Namespace", model_type=member("megatron.core.enums.ModelType", 1), iteration=7),
        "rerun_state_machine": p.dictionary(
            {"mode": member("megatron.core.rerun_state_machine.RerunMode", "disabled")}, 2
        ),
    },
    2,
)
PART = "torch.distributed.checkpoint.metadata."
SHARDS = instance(
    PART + "Metadata",
    state_dict_metadata=p.dictionary({"w": instance(PART + "BytesStorageMetadata")}, 2),
    storage_data=p.dictionary(
        {"w": instance("torch.distributed.checkpoint.filesystem._StorageInfo", relative_path="__0_0.distcp", offset=0)},
        2,
    ),
)
FILES = {
    "bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt": checkpoint(ZERO),
    "model_optim_rng.pt": checkpoint(MEGATRON),
    ".metadata": p.stream(SHARDS, protocol=2),
}
CALL = p.glob("os", "system") + p.args("echo hi", protocol=2) + p.REDUCE + p.POP


@pytest.mark.parametrize("name", FILES)
def test_an_ordinary_file_is_silent(ruleset, tmp_path, name):
    (tmp_path / name).write_bytes(FILES[name])
    result = scan([str(tmp_path)], ruleset)
    grave = ("warning", "critical")
    assert [(f.rule, f.message) for f in result.findings if f.active and f.severity in grave] == []
    assert result.decision.exit_code == 0


@pytest.mark.parametrize("name", FILES)
def test_a_call_in_such_a_file_is_critical(ruleset, tmp_path, name):
    data = p.stream(CALL, SHARDS, protocol=2) if name == ".metadata" else checkpoint(CALL + ZERO)
    (tmp_path / name).write_bytes(data)
    found = {f.severity for f in scan([str(tmp_path)], ruleset).findings if f.active}
    assert "critical" in found
