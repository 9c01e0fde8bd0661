"""Servers of these tests stand on this machine, whatever proxies and certificates the environment names."""

import pytest

OTHERS = ("requests_ca_bundle", "curl_ca_bundle", "ssl_cert_file", "ssl_cert_dir", "docker_config")
OTHERS += ("jfrog_url", "jfrog_api_token", "jfrog_access_token")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", *OTHERS):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
