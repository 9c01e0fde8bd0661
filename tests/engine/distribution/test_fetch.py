"""Archives from an address: https alone, within bounds, from a real server on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelaudit.engine.distribution import archive, fetch
from modelaudit.engine.distribution.errors import PackError


def test_an_archive_at_an_https_address_is_installed(shop, server):
    address, pages = server
    pages["/acme.zip"] = (200, {}, Path(shop.archive("1.0")).read_bytes())
    shop.install(f"{address}/acme.zip")
    shop.works("1.0")


def test_a_redirect_to_https_is_followed(shop, server):
    address, pages = server
    pages["/acme.zip"] = (200, {}, Path(shop.archive("1.0")).read_bytes())
    pages["/latest"] = (302, {"Location": f"{address}/acme.zip"}, b"")
    shop.install(f"{address}/latest")
    shop.works("1.0")


@pytest.mark.parametrize("target", ["http://localhost/x.zip", "file:///etc/passwd", "ftp://localhost/x.zip"])
def test_a_redirect_to_anything_else_leaves_the_old_pack_working(installed, server, target):
    address, pages = server
    pages["/latest"] = (302, {"Location": target}, b"")
    with pytest.raises(PackError, match=r"not an https address|is not allowed"):
        installed.install(f"{address}/latest")
    installed.works("1.0")


def test_a_circle_of_redirects_leaves_the_old_pack_working(installed, server):
    address, pages = server
    pages["/latest"] = (302, {"Location": f"{address}/latest"}, b"")
    with pytest.raises(PackError, match="cannot fetch"):
        installed.install(f"{address}/latest")
    installed.works("1.0")


def test_an_answer_that_is_too_large_leaves_the_old_pack_working(installed, server, monkeypatch):
    address, pages = server
    monkeypatch.setattr(archive, "MAX_ARCHIVE_BYTES", 1000)
    pages["/acme.zip"] = (200, {}, b"P" * 200_000)
    with pytest.raises(PackError, match="larger than"):
        installed.install(f"{address}/acme.zip")
    installed.works("1.0")


def test_an_answer_that_is_cut_short_leaves_the_old_pack_working(installed, server):
    address, pages = server
    data = Path(installed.archive("1.1")).read_bytes()
    pages["/acme.zip"] = (200, {"Content-Length": str(len(data))}, data[:-100])
    with pytest.raises(PackError):
        installed.install(f"{address}/acme.zip")
    installed.works("1.0")


def test_an_answer_that_never_ends_is_given_up(installed, server, monkeypatch):
    address, pages = server
    monkeypatch.setattr(fetch, "DEADLINE", -1.0)
    pages["/acme.zip"] = (200, {}, b"P" * 1000)
    with pytest.raises(PackError, match="took longer"):
        installed.install(f"{address}/acme.zip")
    installed.works("1.0")


def test_a_missing_page_leaves_the_old_pack_working(installed, server):
    address, _ = server
    with pytest.raises(PackError, match="404"):
        installed.install(f"{address}/gone.zip")
    installed.works("1.0")


def test_a_server_that_is_not_trusted_leaves_the_old_pack_working(installed, server, monkeypatch):
    address, pages = server
    monkeypatch.delenv("SSL_CERT_FILE")
    pages["/acme.zip"] = (200, {}, Path(installed.archive("1.1")).read_bytes())
    with pytest.raises(PackError, match="cannot fetch"):
        installed.install(f"{address}/acme.zip")
    installed.works("1.0")


@pytest.mark.parametrize("source", ["http://localhost/x.zip", "file://there/x.zip", "ftp://x/y", "hf://acme/x"])
def test_other_addresses_are_refused_without_a_connection(source):
    with pytest.raises(PackError, match="https addresses alone"):
        fetch.fetch(source)


def test_a_path_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(PackError, match="there is no file, folder or https address"):
        fetch.fetch(str(tmp_path / "gone.zip"))


def test_an_archive_and_a_folder_at_a_file_address_are_read_from_this_machine(shop):
    spaced = Path(shop.archive("1.0")).rename(shop.folder / "an archive.zip")
    shop.install(spaced.as_uri())
    shop.works("1.0")
    assert fetch.fetch(shop.pack("1.1").as_uri().replace("file://", "file://localhost")).files
