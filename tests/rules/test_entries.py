"""Secrets whose name is the key of an entry, and addresses in metadata that are spelled to be passed over."""

import json
import pickle
import struct
from collections import OrderedDict

import pytest

from modelaudit.pipeline.scan import scan

PASSWORD = "kq8R!t" + "Z2w9Lm"
HEX = "75622f856469602d" + "1ba9f20df4875b15b0be23b7"
AWS = "2hpChYgCfrL1spNxny" + "VmihA+2O76UMFxFkM+R5Kj"


def rules(ruleset, path):
    return {finding.rule for finding in scan([str(path)], ruleset).findings}


def safetensors(tmp_path, **entries):
    path = tmp_path / "model.safetensors"
    tensor = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
    header = json.dumps({"__metadata__": entries, "w": tensor}).encode()
    header += b" " * (-len(header) % 8)
    path.write_bytes(struct.pack("<Q", len(header)) + header + struct.pack("<4f", 0.5, -1.25, 3.5, 0.75))
    return path


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("WANDB_API_KEY", HEX, "MA5301"),
        ("aws_secret_access_key", AWS, "MA5301"),
        ("password", PASSWORD, "MA5302"),
        ("training.db_password", PASSWORD, "MA5302"),
        ("note", r"\\evil.host\share\x.dll", "MA5407"),
        ("url", "https://g\u043e\u043egle.com/x", "MA5403"),
        ("url", "webhook.site/abc", "MA5401"),
        ("url", "https://discord.com/api/webhooks/1", "MA5401"),
        ("url", "http://2852039166/latest/meta-data/", "MA5400"),
    ],
)
def test_an_entry_of_metadata_is_told(ruleset, tmp_path, key, value, rule):
    assert rule in rules(ruleset, safetensors(tmp_path, **{key: value}))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("password", "null"),
        ("password", "changeme123!"),
        ("password", "${DB_PASSWORD_1}"),
        ("password_hint", PASSWORD),
        ("sha256", HEX),
        ("wandb_commit", HEX),
        ("api_key", HEX),
        ("pad_token", "<|endoftext|>1"),
        ("note", r"\\frac\\alpha and C:\models\m.bin"),
        ("url", "https://\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444/x"),
        ("seed", "2852039166"),
    ],
)
def test_an_ordinary_entry_of_metadata_is_not_told(ruleset, tmp_path, key, value):
    assert not rules(ruleset, safetensors(tmp_path, **{key: value}))


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("make", [dict, OrderedDict])
def test_an_entry_of_a_pickled_dictionary_is_told(ruleset, tmp_path, protocol, make):
    path = tmp_path / "model.pkl"
    entries = {"WANDB_API_KEY": HEX, "aws_secret_access_key": AWS, "secret": PASSWORD, "epochs": 3}
    path.write_bytes(pickle.dumps(make(entries), protocol))
    found = [finding.rule for finding in scan([str(path)], ruleset).findings]
    assert sorted(found) == ["MA5301", "MA5301", "MA5302"]


def test_an_ordinary_entry_of_a_pickled_dictionary_is_not_told(ruleset, tmp_path):
    path = tmp_path / "model.pkl"
    entries = {"password": None, "secret": "changeme123!", "api_key": "${ACME_KEY_1}", "sha256": HEX, "note": PASSWORD}
    path.write_bytes(pickle.dumps([entries, ["password", PASSWORD]]))
    assert not rules(ruleset, path)
