"""Secrets in files that come with models: what is found, what is shown of it, and what is no secret."""

import base64
import hashlib
import json
import random
import string
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.tokens import DIGITS, github_token
from modelaudit.engine.facts import Metadata, Text
from modelaudit.pipeline.scan import scan

ROLES = ("config", "source", "template", "metadata", "doc", "literal")


@pytest.fixture(scope="module")
def deriver(ruleset):
    return ruleset.deriver


def secrets(deriver, text, role="config"):
    return [fact for fact in deriver.derive(Text(value=text, role=role))[1] if fact.KIND == "secret"]


def found(report):
    return {finding.rule: finding.severity for finding in report.findings if finding.rule.startswith("MA53")}


def test_a_token_in_a_configuration_is_critical_and_never_shown(ruleset, tmp_path):
    token = github_token()
    (tmp_path / "config.json").write_text(json.dumps({"hub": token}))
    report = scan([str(tmp_path)], ruleset)
    assert found(report) == {"MA5300": "critical"}
    assert report.decision.exit_code == 1
    assert all(token not in finding.message for finding in report.findings)


def test_what_is_escaped_for_no_reason_in_a_configuration_is_found(ruleset, tmp_path):
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in github_token())
    (tmp_path / "config.json").write_text(f'{{"hub": "{escaped}", "see": "\\u0068ttps:\\/\\/webhook.site\\/abc"}}')
    report = scan([str(tmp_path)], ruleset)
    assert {finding.rule for finding in report.findings} >= {"MA5300", "MA5401"}


def test_the_shapes_of_keys_in_one_configuration(ruleset, tmp_path):
    """A key id of AWS with its secret, a token of the hub, a key of a project: none is shown whole."""
    keys = {
        "aws_access_key_id": "AKIA" + "UJZDEGXDNCF32EPF",
        "aws_secret_access_key": "2hpChYgCfrL1spNxnyVm" + "ihA+2O76UMFxFkM+R5Kj",
        "hub_token": "hf_" + "AhzCueQpBenQtYhXjTPQxjqiDoVgzFkQok",
        "openai": "".join(("sk-proj-", "TBGzvAmwufUxbvJDCTbyvHNsG9eh6Yo4", "T3Blbk", "FJ", "ZqfM2oeq3hDavJA76rNicHTp")),
    }
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert", **keys}))
    report = scan([str(tmp_path)], ruleset)
    told = {(one.rule, one.subject) for one in report.findings if one.rule.startswith("MA53")}
    assert {shown for rule, shown in told if rule == "MA5300"} == {"AKIA…", "2hpC…", "sk-p…"}
    assert {shown for rule, shown in told if rule == "MA5301"} == {"hf_A…"}
    assert report.decision.exit_code == 1


def test_a_page_is_judged_more_mildly_and_a_vocabulary_not_at_all(ruleset, tmp_path):
    (tmp_path / "README.md").write_text(f"Use {github_token()} to log in.")
    (tmp_path / "vocab.txt").write_text(github_token(2))
    assert found(scan([str(tmp_path)], ruleset)) == {"MA5304": "warning"}


def vocabulary(rng):
    """Words, pieces of words, and what a tokenizer learns from code and tables."""
    pieces = ["Ġ", "##", "▁", "_", "-", ".", ":", "=", "password", "token", "key", "secret", "sk", "hf", "http://"]
    for _ in range(3000):
        parts = rng.choices(pieces, k=rng.randint(0, 3))
        parts += ["".join(rng.choices(string.ascii_letters, k=rng.randint(1, 12)))]
        rng.shuffle(parts)
        yield "".join(parts)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("role", ROLES)
def test_vocabularies_hold_no_secrets(deriver, role, seed):
    words = list(vocabulary(random.Random(seed)))
    for text in ("\n".join(words), json.dumps({word: index for index, word in enumerate(words)}), " ".join(words)):
        assert secrets(deriver, text[:65536], role) == []


def digests(rng):
    for _ in range(60):
        data = rng.randbytes(32)
        yield from (hashlib.md5(data).hexdigest(), hashlib.sha1(data).hexdigest(), hashlib.sha256(data).hexdigest())
        yield from (hashlib.sha512(data).hexdigest(), str(uuid.UUID(bytes=data[:16])), data.hex()[:24])
        yield from (base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode().rstrip("="))
        yield from ("sha256-" + base64.b64encode(data).decode(), f"sha256:{data.hex()}", f"0x{data.hex()[:40]}")
        yield from ("bc1q" + data.hex()[:38], "1" + "".join(rng.choices(DIGITS[1:], k=33)))


@pytest.mark.parametrize("role", ROLES)
def test_digests_and_addresses_of_coins_are_no_secrets(deriver, role):
    rows = list(digests(random.Random(3)))
    text = json.dumps([{"id": row, "commit": row, "etag": row, "wandb_version": "0.16.1", "key": 1} for row in rows])
    for at in range(0, len(text), 60000):
        assert secrets(deriver, text[at : at + 60000], role) == []
    for row in rows:
        assert secrets(deriver, f"https://cdn.acme.io/{row}?etag={row} git@github.com:acme/x.git#{row}", role) == []


BENIGN = [
    "pip install git+https://github.com/acme/x.git\nexport HF_TOKEN=hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
    'login(token="<your token>")  # or os.environ["HF_TOKEN"]\nopenai.api_key = "sk-..."\n',
    "@article{devlin2018bert, url = {https://arxiv.org/abs/1810.04805}, eprint={1810.04805}, keywords={secret, key}}",
    '{"pad_token": "<pad>", "bos_token": "<s>", "unk_token": {"content": "<unk>"}, "tokenizer_class": "GPT2Tokenizer"}',
    '{"password": "hunter2", "secret": "example-secret-0000", "api_key": "YOUR_API_KEY_12345"}',
    '{"AcmeSecret": "4bd1e3f1b1c5c6b0e3d0b0a3c5d5e2f1.json", "api_key": "0a4d55a8d778e5022fab701977c5d840bbc486d0"}',
    "postgres://user:password@localhost:5432/db\nhttps://user:pass@example.com/\nhttp://user:pw@proxy:8080\n",
    '{"_name_or_path": "acme/bert", "transformers_version": "4.41.0", "auth_token_limit": "128000tokens"}',
    '{"rope": {"secret_key": "embeddings.layer_norm.weight1"}}',
    "token=os.environ['GITHUB_TOKEN2024']; password = config['db.password1']; key = 'model.layers.0.self_attn.k_proj'",
    "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAK\n-----END PUBLIC KEY-----\n",
    "-----BEGIN CERTIFICATE-----\n" + base64.b64encode(bytes(range(200))).decode() + "\n-----END CERTIFICATE-----\n",
    "The key sk-learn-contrib-lightning-is-not-a-key-of-anybody; skops, sk-LEARN; hf_hub_download; xoxb-",
    "class Foo(hf_SequenceClassifierOutputWithPastAndCross): dapi = 'dapibus'; SG.Layer.forward",
]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("text", BENIGN)
def test_what_pages_and_configurations_say_of_keys_is_no_secret(deriver, text, role):
    assert secrets(deriver, text, role) == []


@settings(max_examples=100, deadline=None)
@given(text=st.text(st.characters(codec="utf-8"), max_size=400), role=st.sampled_from(ROLES))
def test_texts_of_all_kinds_are_searched_without_an_error(deriver, text, role):
    for prefix in ("ghp_", "sk-", "eyJ", "-----BEGIN PRIVATE KEY-----", "AKIA", "wandb", "://a:", "secret='"):
        assert secrets(deriver, prefix + text, role) is not None


def test_a_secret_in_metadata_is_taken_out_of_the_fact(deriver):
    fact, derived = deriver.derive(Metadata("m", key="note", value=f"see {github_token()}"))
    assert fact.value == "see ghp_…"
    assert [(secret.kind, secret.validated) for secret in derived] == [("github-token", True)]
