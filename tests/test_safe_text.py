"""Text from outside cannot control a terminal, forge a line of a log, or change the order of letters."""

from __future__ import annotations

import json
import logging
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ambertime_tui.safe_text import UNSAFE, SafeFormatter, escaped, json_line

any_text = st.text(st.characters(exclude_categories=()))
HOSTILE = "a\x1b[2J\x9b31m\x7f\u202egpj.exe\u2028\u2066\u200f\u061c\udce9\n\r"


@given(any_text)
def test_escaped_text_has_no_unsafe_character(text: str) -> None:
    assert not UNSAFE.search(escaped(text))
    escaped(text).encode()


@given(any_text, st.sampled_from([None, 2]))
def test_json_has_no_unsafe_character_and_gives_the_original_back(text: str, indent: int | None) -> None:
    line = json_line({"name": text, "more": [text]}, indent)
    assert not UNSAFE.search(line.replace("\n", "") if indent else line)
    assert json.loads(line) == {"name": text, "more": [text]}


@pytest.mark.parametrize("category", ["Cc", "Cs", "Zl", "Zp"])
def test_every_character_of_a_category_is_unsafe(category: str) -> None:
    found = [chr(n) for n in range(sys.maxunicode + 1) if unicodedata.category(chr(n)) == category]
    assert all(UNSAFE.fullmatch(c) for c in found)


def test_every_bidi_control_is_unsafe() -> None:
    bidi = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert all(UNSAFE.fullmatch(chr(n)) for n in range(0x3000) if unicodedata.bidirectional(chr(n)) in bidi)


@pytest.mark.parametrize("text", ["Zoë’s iPhone", "写真.HEIC", "👩‍👩‍👧.jpg", "שלום.jpg", "a b"])
def test_ordinary_names_stay_as_they_are(text: str) -> None:
    assert escaped(text) == text
    assert json_line(text) == json.dumps(text, ensure_ascii=False)


def test_a_name_cannot_forge_a_line_of_a_log() -> None:
    formatter = SafeFormatter("%(levelname)s %(message)s")
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        record = logging.LogRecord("a", logging.INFO, "f", 1, "copied %s", (HOSTILE,), sys.exc_info())
    first, *trace = formatter.format(record).split("\n")
    assert first.startswith("INFO copied a\\x1b[2J\\x9b31m\\x7f\\u202e")
    assert not any(UNSAFE.search(line) for line in trace)
