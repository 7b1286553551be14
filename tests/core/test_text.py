"""Text: what is compared, what is indexed, what never reaches the database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales.core.text import bigrams, clean_line, clean_text, digits, fold, has_cjk

CJK = st.text(st.characters(min_codepoint=0x3400, max_codepoint=0x9FFF), max_size=12)


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("空調不製冷", "空调不制冷"),
        ("冷氣機 ＨＡＩＥＲ　ＡＢ－１２", "冷气机 haier ab-12"),
        ("ﬁlter  №\t5", "filter no 5"),
        ("㈱ ①", "(株) 1"),
        ("Ünïcode STRASSE", "ünïcode strasse"),
        ("🔥🔥 hot", "🔥🔥 hot"),
        ("", ""),
    ],
)
def test_folds_width_case_and_script(typed: str, folded: str) -> None:
    assert fold(typed) == folded


@given(st.text(max_size=40))
def test_folded_text_folds_to_itself(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(CJK, CJK, CJK)
def test_part_of_chinese_text_is_found_in_it(before: str, word: str, after: str) -> None:
    """Two characters or more: what an index lookup asks for is there, whatever stands around it."""
    if len(word) > 1 and has_cjk(word) and len("".join(fold(word).split())) == len(word):
        assert set(bigrams(word)) <= set(bigrams(before + word + after))


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("空調不製冷 Haier", ["haier", "不制", "制冷", "空调", "调不"]),
        ("水", ["水"]),
        ("𠮷野家", ["野家", "𠮷野"]),  # a character beyond 16 bits is one character
        ("修🔥空调", ["修", "空调"]),
        ("a_b " + "x" * 41, ["a", "b"]),
        ("\u202eabc", ["abc"]),
    ],
)
def test_names_pairs_and_words(text: str, pairs: list[str]) -> None:
    assert bigrams(text) == pairs


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a\x00b\x07c\ud800", "abc"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("\u202eevil\u2066\ufeff", "evil"),
        ("👨‍👩‍👧 family", "👨‍👩‍👧 family"),  # joined by zero-width joiners, which stay
        (" \u200b\u2060\u00a0 ", ""),
        ("مرحبا", "مرحبا"),
    ],
)
def test_keeps_what_can_be_seen(typed: str, kept: str) -> None:
    assert clean_text(typed) == kept


def test_line_is_one_line() -> None:
    assert clean_line("  leaks\n\tand\u2028hums  ") == "leaks and hums"


@given(st.text(st.characters(exclude_categories=[]), max_size=60))
def test_cleaned_text_can_be_stored(text: str) -> None:
    kept = clean_text(text)
    kept.encode()
    assert "\x00" not in kept
    assert clean_text(kept) == kept


def test_digits_of_every_width() -> None:
    assert digits("電話：１３８-0000 4412 轉②") == "138000044122"
