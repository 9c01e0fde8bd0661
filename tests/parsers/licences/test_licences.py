"""Evidence for licences: texts, cards, packages, and words for licences."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.licences import APACHE, MIT, card
from modelaudit.engine.facts import License, Metadata
from modelaudit.engine.facts.licences import is_unspecific, licence_expression, same_licence
from modelaudit.parsers.base import Context
from modelaudit.parsers.licences.card import card_facts
from modelaudit.parsers.licences.evidence import evidence, text_facts


def texts(text: str) -> list[str]:
    return [fact.spdx for fact in text_facts("LICENSE", text, Context())]


def said(text: str) -> list[tuple[str, str]]:
    return [(fact.spdx, fact.role) for fact in card_facts("README.md", text) if isinstance(fact, License)]


def pairs(text: str) -> list[tuple[str, str]]:
    return [(fact.key, fact.value) for fact in card_facts("README.md", text) if isinstance(fact, Metadata)]


def package(text: str) -> list[str]:
    return [fact.spdx for fact in evidence("pyproject.toml", text, role="config", package=True, context=Context())]


def test_a_licence_is_known_by_its_text() -> None:
    assert texts(APACHE) == ["Apache-2.0"]
    assert texts(MIT) == ["MIT"]
    (fact,) = text_facts("LICENSE", MIT, Context())
    assert (fact.role, fact.method, fact.ids) == ("file", "text", frozenset({"MIT"}))
    assert fact.score >= 0.95


def test_form_does_not_matter() -> None:
    assert texts(MIT.upper().replace("\n", "\r\n * ")) == ["MIT"]
    assert texts(" ".join(MIT.split())) == ["MIT"]
    assert texts(MIT.replace("Somebody and others", "Acme GmbH")) == ["MIT"]


def test_a_line_that_only_happens_to_begin_with_copyright_is_kept() -> None:
    wrapped = MIT.replace("AUTHORS OR COPYRIGHT HOLDERS BE", "AUTHORS OR\nCOPYRIGHT HOLDERS BE")
    assert texts(wrapped) == ["MIT"]
    assert texts(wrapped.replace("Copyright (c) 2026", "© 2026")) == ["MIT"]


def test_every_licence_in_a_text_is_named() -> None:
    assert texts(APACHE + "\n\nParts are under another licence:\n\n" + MIT) == ["Apache-2.0", "MIT"]


def test_prose_about_licences_is_none() -> None:
    assert texts("This model is released under the Apache License, Version 2.0, or the MIT License.") == []
    assert texts(MIT[: len(MIT) // 2]) == []
    assert texts("") == []


def test_a_changed_text_is_not_the_licence() -> None:
    words = APACHE.split()
    rng = random.Random(1)
    for _ in range(len(words) // 10):
        words[rng.randrange(len(words))] = "changed"
    assert texts(" ".join(words)) == []


def test_a_card_names_its_licence_and_what_the_model_is() -> None:
    text = card(
        "license: apache-2.0\nbase_model:\n- acme/base\ndatasets: [a/b, 'c/d']\npipeline_tag: text-generation\n"
    )
    assert said(text) == [("Apache-2.0", "card")]
    assert pairs(text) == [
        ("base_model", "acme/base"),
        ("datasets", "a/b"),
        ("datasets", "c/d"),
        ("pipeline_tag", "text-generation"),
    ]


def test_a_licence_with_a_name_of_its_own() -> None:
    assert said(card("license: other\nlicense_name: llama3.1\n")) == [("LicenseRef-llama3.1", "card")]
    assert said(card("license: other\nlicense_name: Acme Model Licence\n")) == [
        ("LicenseRef-acme-model-licence", "card")
    ]
    assert said(card("license: other\n")) == [("LicenseRef-other", "card")]
    assert said(card("license: [mit, apache-2.0]\n")) == [("MIT", "card"), ("Apache-2.0", "card")]


@pytest.mark.parametrize(
    "text",
    [
        "# No front matter\nlicense: mit\n",
        "---\nlicense: mit\n",
        card("license: [mit\n"),
        card("license: {a: b}\n"),
        card("license:\n"),
        card("Xlicense: mit\n"),
        card("x:\n  license: mit\n"),
        card("license: " + "[" * 5000 + "\n"),
    ],
)
def test_what_names_no_licence_gives_none(text: str) -> None:
    assert said(text) == []


def test_a_large_front_matter_is_read_fast_and_one_block_alone_can_be_too_large() -> None:
    results = "model-index:\n" + "- {name: x, results: [1, 2, 3]}\n" * 20_000
    assert said(card(results + "license: mit\n")) == [("MIT", "card")]
    assert said(card("license:\n" + "- mit\n" * 10_000)) == []


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=300))
def test_no_front_matter_raises(front: str) -> None:
    list(card_facts("README.md", card(f"license: {front}\n")))
    list(card_facts("README.md", card(front)))


def test_packages_name_their_licence() -> None:
    assert package('[project]\nlicense = "MIT"\n') == ["MIT"]
    assert package('license = {text = "Apache-2.0"}\n') == ["Apache-2.0"]
    assert package('classifiers = ["License :: OSI Approved :: Apache Software License"]\n') == ["Apache-2.0"]
    assert package('setup(name="x", license="BSD-3-Clause")\n') == ["BSD-3-Clause"]
    assert package("[metadata]\nlicense = MIT\n") == ["MIT"]
    assert package('classifiers = ["License :: OSI Approved"]\nlicense-files = ["LICENSE"]\n') == []


@pytest.mark.parametrize(
    ("words", "expression"),
    [
        ("apache-2.0", "Apache-2.0"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("mit or apache-2.0", "MIT OR Apache-2.0"),
        ("(MIT AND BSD-3-Clause)", "(MIT AND BSD-3-Clause)"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("GPL-3.0+", "GPL-3.0+"),
        ("llama3.1", "LicenseRef-llama3.1"),
        ("Something of ours", "LicenseRef-something-of-ours"),
        ("", ""),
        (" «» ", ""),
    ],
)
def test_words_for_a_licence(words: str, expression: str) -> None:
    assert licence_expression(words) == expression


@given(st.text(max_size=400))
def test_any_words_give_an_expression_of_valid_ids(words: str) -> None:
    found = licence_expression(words)
    assert found.isascii()
    assert len(found) < 300


def test_later_versions_are_the_same_licence() -> None:
    assert same_licence("AGPL-3.0", "AGPL-3.0-or-later")
    assert same_licence("GPL-2.0+", "GPL-2.0-only")
    assert not same_licence("GPL-2.0", "GPL-3.0")
    assert is_unspecific("other")
    assert not is_unspecific("mit")
