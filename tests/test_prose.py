"""No number in the text without a fact behind it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armsbrief import paths
from armsbrief.errors import ProseError
from armsbrief.prose import check, typed_digits


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A book of one page and one entry."""
    made = tmp_path / "book"
    made.mkdir()
    (made / "allowed.yml").write_text("- text: Resolution 2816\n  reason: a document's number\n"
                                      "- text: AK-47\n  reason: a rifle's name\n")  # fmt: skip
    (made / "claims.yml").write_text("a-claim:\n  rule:\n    name: share\n")
    (made / "page.md").write_text("# A page\n\nNothing.\n")
    return made


def write(book: Path, text: str, name: str = "page.md") -> None:
    (book / name).write_text(text, encoding="utf-8")


def test_the_book_itself_holds_no_typed_digit() -> None:
    check(paths.BOOK)


def test_a_digit_on_a_page_is_named_with_file_and_line(book: Path) -> None:
    write(book, "# A page\n\nSome text.\nThere were 316,270 of them.\n")
    with pytest.raises(ProseError) as caught:
        check(book)
    assert "book/page.md:4: There were 316,270 of them." in str(caught.value)
    assert "refer to it as {fact}`id`" in str(caught.value)


def test_each_digit_is_named_not_only_the_first(book: Path) -> None:
    write(book, "One 1.\n\nTwo 2.\n")
    assert [(typed.line, typed.text) for typed in typed_digits(book)] == [
        (1, "One 1."),
        (3, "Two 2."),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "There were {fact}`small-arms-count.asserted-2` of them.",
        "See {cite}`un2021,eq009` and {doc}`/book/findings/claim-2`.",
        "It is [the report](https://example.org/2022/04/27).",
        "See <https://example.org/2022>.",
        "```{changes} 2025-04-17",
        ":maxdepth: 2",
        "See {doc}`limits </book/2021>` and {ref}`section-2`.",
        "(section-2)=",
        "It asks for what follows Resolution 2816.",
        "An AK-47 is a rifle.",
    ],
)
def test_what_is_no_number_of_ours_passes(book: Path, line: str) -> None:
    write(book, f"# A page\n\n{line}\n")
    assert typed_digits(book) == []


@pytest.mark.parametrize(
    "line",
    [
        "An AK-474 is none.",
        "Resolution 28160 is another.",
        "There were {fact}`a.b` of them in 2021.",
        "[In 2021](https://example.org).",
        "`316,270`",
        "| a table | 12 |",
        "There were ٣ of them.",
        "There were {sub}`316270` of them.",
        "See {doc}`the 12 dead </book/limits>`.",
        ":::{note} Of 12 dead",
        ":name: 12 dead",
    ],
)
def test_what_only_looks_like_it_does_not(book: Path, line: str) -> None:
    write(book, f"# A page\n\n{line}\n")
    assert [typed.line for typed in typed_digits(book)] == [3]


ENTRY = """\
a-claim:
  title: A title
  rule:
    name: share
    inputs: {estimate: a-claim.ratio-2}
    settings:
      threshold: 1.25
      at_least: 20
      parts:
        - 3 of them
  sentences:
    supported: >-
      It rose.
"""


def test_the_settings_of_a_rule_may_hold_numbers(book: Path) -> None:
    write(book, ENTRY.replace("ratio-2", "ratio"), "claims.yml")
    assert typed_digits(book) == []


def test_the_sentences_after_them_may_not(book: Path) -> None:
    write(book, ENTRY.replace("ratio-2", "ratio").replace("It rose.", "It rose 20%."), "claims.yml")
    assert [typed.line for typed in typed_digits(book)] == [13]


@pytest.mark.parametrize(
    "entry", ["- text: F-16\n", "- reason: because\n", "- text: ''\n  reason: x\n"]
)
def test_an_allowed_text_needs_a_reason(book: Path, entry: str) -> None:
    write(book, entry, "allowed.yml")
    with pytest.raises(ProseError, match="needs a text and a reason"):
        check(book)


PAGES = sorted(path for path in paths.BOOK.rglob("*.md"))
digits = st.characters(categories=["Nd"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_digit_put_anywhere_into_running_text_is_found(book: Path, data: st.DataObject) -> None:
    page = data.draw(st.sampled_from(PAGES), "page")
    lines = page.read_text(encoding="utf-8").splitlines()
    places = [n for n, line in enumerate(lines) if line and not line.startswith((":", "`", "("))]
    number = data.draw(st.sampled_from(places), "line")
    words = lines[number].split(" ")
    place = data.draw(st.integers(0, len(words)), "word")
    words.insert(place, data.draw(digits, "digit"))
    lines[number] = " ".join(words)
    shutil.copy(paths.BOOK / "allowed.yml", book / "allowed.yml")
    write(book, "\n".join(lines))
    inside_a_link = " ".join(words[:place]).rpartition("](")[2].count(
        ")"
    ) == 0 and "](" in " ".join(words[:place])
    assert inside_a_link or number + 1 in [typed.line for typed in typed_digits(book)]
