"""Names of any script, order and carelessness in one plain form."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.matching.name_forms import name_form

Stated = tuple[str | None, str | None, str | None]


@pytest.mark.parametrize(
    ("stated", "given_name", "family"),
    [
        ((None, "Zoë", "Müller-Lüdenscheidt"), "zoe", "muller ludenscheidt"),
        (("Zoe Muller", None, None), "zoe", "muller"),
        (("Muller, Zoe", None, None), "zoe", "muller"),
        (("zoe_muller", None, None), "zoe", "muller"),
        (("Z. MULLER", None, None), "z", "muller"),
        ((None, "Thị Lan", "Nguyễn"), "thi lan", "nguyen"),
        ((None, "美华", "徐"), "meihua", "xu"),
        (("徐美华", None, None), "meihua", "xu"),
        (("美华", None, None), "meihua", None),
        (("정준호", None, None), "junho", "jeong"),
        ((None, "Андрій", "Ткачук"), "andriy", "tkachuk"),
        ((None, "Seán", "O'Brien"), "sean", "obrien"),
        ((None, "Seán", "O’Brien"), "sean", "obrien"),
        (("Sir John Smith", None, "Smith"), "john", "smith"),
        (("Dr Ann Lee", None, None), "ann", "lee"),
        (("Dr", None, None), "dr", None),
        (("Ann Lee", "Ann", None), "ann", "lee"),
        (("123 ?!", None, None), None, None),
        ((None, None, None), None, None),
    ],
)
def test_given_and_family_are_told_apart(
    stated: Stated, given_name: str | None, family: str | None
) -> None:
    form = name_form(*stated)
    assert (form.given, form.family) == (given_name, family)


def test_the_order_of_words_does_not_matter_to_the_full_name() -> None:
    assert name_form("Lan Thị Nguyễn", None, None).full == "lan nguyen thi"
    assert name_form(None, "Thị Lan", "Nguyễn").full == "lan nguyen thi"
    assert name_form("A. Lee", None, None).full is None


def test_nicknames_meet_the_names_they_are_short_for() -> None:
    assert set(name_form(None, "Bill", "Lee").variants) & {"william"}
    assert not set(name_form(None, "Bill", "Lee").variants) & {"ann"}


def test_only_a_name_in_one_column_may_have_its_words_in_another_order() -> None:
    assert "megan" in name_form("Lee Meg", None, None).other_variants
    assert name_form(None, "Lee", "Meg").other_variants == []


@settings(max_examples=300)
@given(st.tuples(*[st.none() | st.text(max_size=24)] * 3))
def test_any_text_has_a_form_of_plain_letters(stated: Stated) -> None:
    form = name_form(*stated)
    for part in (form.given, form.family, form.full):
        assert part is None or all(
            word.isascii() and word.isalpha() and word.islower() for word in part.split()
        )
    if form.full:
        assert form.full.split() == sorted(set(form.full.split()))
    assert name_form(*stated) == form
