"""One number changes in the data, and everything that says it changes with it."""

from __future__ import annotations

import json
import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from support import Brief, armsbrief, copied, pages_of, says

from armsbrief.words import VERDICT


@cache
def article(page: Path) -> str:
    """Return the main text of a page, with one space between words."""
    main = BeautifulSoup(page.read_text(encoding="utf-8"), "lxml").select_one("article.bd-article")
    assert main is not None
    return re.sub(r"\s+", " ", main.get_text(" ")).strip()


def test_a_build_says_what_it_found_and_where_the_results_are(brief: Brief) -> None:
    said = brief.said
    for name, claim in brief.ledger["claims"].items():
        assert name in said
        if claim["asserted_display"]:
            assert claim["asserted_display"] in said
    assert "Supported, with a correction" in said
    for result in ("html/index.html", "brief.pdf", "ledger.json"):
        assert str(brief.root / "_build" / result) in said
        assert (brief.root / "_build" / result).stat().st_size > 0


def test_the_default_edition_stands_under_its_name_too(brief: Brief) -> None:
    folder = brief.root / "_build" / "editions" / brief.ledger["edition"]
    for result in ("html/index.html", "brief.pdf", "ledger.json"):
        top = (brief.root / "_build" / result).read_bytes()
        assert (folder / result).read_bytes() == top


def test_a_build_leaves_the_source_as_it_was(brief: Brief, tmp_path: Path) -> None:
    fresh = copied(tmp_path / "copy")
    for path in fresh.rglob("*"):
        if path.is_file():
            assert (brief.root / path.relative_to(fresh)).read_bytes() == path.read_bytes(), path


def test_a_changed_figure_changes_the_verdict(brief: Brief, costlier: Brief) -> None:
    before, after = (b.ledger["claims"]["equipment-value"] for b in (brief, costlier))
    assert (before["estimate"], before["verdict"]) == (7.12, "supported-with-correction")
    assert (after["estimate"], after["verdict"]) == (7.5, "supported")
    assert after["sentence"] != before["sentence"]
    assert after["break_even"]["today"] == 7.5


def test_nothing_else_in_the_ledger_changes(brief: Brief, costlier: Brief) -> None:
    """But what is computed from that figure."""
    before, after = (b.ledger["claims"] for b in (brief, costlier))
    touched = {
        name for name, fact in brief.ledger["facts"].items()
        if "dod-2022-total-left" in fact["rows"].get("equipment", [])
    }  # fmt: skip
    facts = {name for name, fact in costlier.ledger["facts"].items()
             if fact != brief.ledger["facts"][name]}  # fmt: skip
    assert {"equipment-value.left", "equipment-value.gap", "equipment-value.share-left"} <= facts
    assert facts <= touched
    verdicts = {name for name in before if before[name]["verdict"] != after[name]["verdict"]}
    assert "equipment-value" in verdicts
    assert verdicts <= {name for name in before if touched & set(before[name]["facts"])}


def test_the_board_shows_the_new_number_and_the_new_verdict(brief: Brief, costlier: Brief) -> None:
    old, new = article(brief.html / "index.html"), article(costlier.html / "index.html")
    words = "$7.2 billion {} billion in the Afghan forces’ inventory Supported"
    assert f"{words.format('$7.12')}, with a correction" in old
    assert words.format("$7.50") in new
    assert "$7.12 billion" not in new


def test_the_finding_says_the_new_number_and_not_the_old_one(brief: Brief, costlier: Brief) -> None:
    page = "book/findings/equipment-value.html"
    old, new = article(brief.html / page), article(costlier.html / page)
    sentences = [b.ledger["claims"]["equipment-value"]["sentence"] for b in (brief, costlier)]
    assert sentences[0] in re.sub(r" ([.,:;])", r"\1", old)
    assert sentences[1] in re.sub(r" ([.,:;])", r"\1", new)
    assert "We find: US-funded equipment worth $7.12" not in new
    assert sentences[0] not in re.sub(r" ([.,:;])", r"\1", new)


def test_so_does_the_pdf(brief: Brief, costlier: Brief) -> None:
    old, new = (" ".join(pages_of(b.pdf)) for b in (brief, costlier))
    sentence = "US-funded equipment worth {} billion was in the Afghan forces’ inventory"
    assert says(old, sentence.format("$7.12"))
    assert says(new, sentence.format("$7.50"))
    assert not says(new, sentence.format("$7.12"))
    row = "Value of the equipment left $7.2 billion $7.50 billion in the Afghan forces’ inventory"
    assert says(new, f"{row} ● Supported")


def test_so_does_every_receipt(costlier: Brief) -> None:
    receipts = article(costlier.html / "book" / "receipts.html").replace("’", "'")
    assert "$7.50 billion — US-funded equipment in the Afghan forces' inventory" in receipts


def test_the_board_says_every_verdict_in_words(brief: Brief) -> None:
    main = BeautifulSoup((brief.html / "index.html").read_text("utf-8"), "lxml")
    rows = main.select("table.board tbody tr")
    assert [row.select("td")[-1].get_text(strip=True) for row in rows] == [
        VERDICT[claim["verdict"]] for claim in brief.ledger["claims"].values()
    ]


# The brief as it could have stood then.


def test_on_the_op_eds_day_nothing_is_seen_that_was_published_later(back_then: Brief) -> None:
    ledger = back_then.ledger
    assert ledger["parameters"]["as_of"] == "2025-04-17"
    dates = [fact["as_of"] for fact in ledger["facts"].values() if fact["as_of"]]
    assert max(dates) <= "2025-04-17"
    assert all(claim["as_of"] is None or claim["as_of"] <= "2025-04-17"
               for claim in ledger["claims"].values())  # fmt: skip


def test_it_has_the_same_claims_and_differs_where_later_rows_decide(
    brief: Brief, back_then: Brief
) -> None:
    now, then = brief.ledger, back_then.ledger
    assert set(then["claims"]) == set(now["claims"])
    assert set(then["facts"]) == set(now["facts"])
    later = {name for name, fact in now["facts"].items() if (fact["as_of"] or "") > "2025-04-17"}
    differ = {name for name in now["facts"] if now["facts"][name]["value"] != then["facts"][name]["value"]
              or now["facts"][name]["rows"] != then["facts"][name]["rows"]}  # fmt: skip
    assert later
    assert later <= differ
    left = (b["facts"]["equipment-value.left"]["value"] for b in (now, then))
    assert list(left) == [7.12, 7.12]
    series = (b["claims"]["resurgence"]["robustness"]["of"] for b in (now, then))
    more, fewer = series
    assert fewer < more


def test_what_rests_on_a_number_unknown_then_is_left_out_and_not_printed_as_unknown(
    brief: Brief, back_then: Brief
) -> None:
    now, then = (b.ledger["recommendations"]["diplomatic-offensive"] for b in (brief, back_then))
    assert "By 20 December 2026" in now["first_step"]
    assert then["first_step"] == "What this rests on was not public on the knowledge date."
    for claim in back_then.ledger["claims"].values():
        assert claim["counter_evidence"]
        assert not [t for t in claim["counter_evidence_source"] if unknown(t, back_then.ledger)]
    for ask in back_then.ledger["recommendations"].values():
        texts = [ask["source"][key] for key in ("asks", "first_step", "indicator", "obstacle")]
        assert not [
            t for t in (*texts, *ask["source"]["precedents"]) if unknown(t, back_then.ledger)
        ]


def unknown(text: str, ledger: dict[str, Any]) -> list[str]:
    """Return the facts of a text that have no value."""
    found = re.findall(r"\{fact\}`([^`]+)`", text)
    return [name for name in found if ledger["facts"][name]["value"] is None]


def test_its_pages_are_its_own_and_the_default_edition_is_not_touched(
    brief: Brief, back_then: Brief
) -> None:
    assert article(brief.html / "index.html") != article(back_then.html / "index.html")
    top = json.loads((brief.root / "_build" / "ledger.json").read_text("utf-8"))
    assert top["parameters"]["as_of"] == brief.ledger["edition"]


# What plain tools make of it.


def test_plain_jupyter_book_gives_the_same_text_on_every_page(plain: Brief, brief: Brief) -> None:
    pages = sorted(path.relative_to(plain.html) for path in plain.html.rglob("*.html"))
    assert pages == sorted(path.relative_to(brief.html) for path in brief.html.rglob("*.html"))
    finding_pages = [page for page in pages if page.parts[:2] == ("book", "findings")]
    assert len(finding_pages) == len(list((brief.root / "book" / "findings").glob("*.md")))
    for page in [Path("index.html"), *finding_pages]:
        assert article(plain.html / page) == article(brief.html / page), page


# What the build refuses.


def test_a_typed_digit_ends_the_build_with_file_and_line(brief: Brief, tmp_path: Path) -> None:
    root = copied(tmp_path / "copy", memory_of=brief.root)
    page = root / "book" / "limits.md"
    lines = page.read_text("utf-8").splitlines()
    page.write_text("\n".join([*lines, "", "Of 316,270 weapons nobody knows more."]), "utf-8")
    ran = armsbrief("build", root=root)
    assert ran.returncode == 1
    assert f"book/limits.md:{len(lines) + 2}: Of 316,270 weapons" in ran.stderr
    assert not (root / "_build" / "html").exists()


def test_a_failing_notebook_ends_the_build_and_nothing_is_published(
    brief: Brief, tmp_path: Path
) -> None:
    root = copied(tmp_path / "copy", memory_of=brief.root)
    for path in (root / "notebooks").glob("*.ipynb"):
        path.unlink()
    shutil.copy(Path(__file__).parent / "notebooks" / "cases" / "stock.ipynb", root / "notebooks")
    broken = root / "notebooks" / "stock.ipynb"
    text = broken.read_text("utf-8").replace("dod-2022-total-left", "dod-2022-total-lfet")
    broken.write_text(text, encoding="utf-8")
    ran = armsbrief("build", root=root)
    assert ran.returncode == 1
    assert "stock.ipynb, code cell" in ran.stderr
    assert "armsbrief/cli.py" not in ran.stderr, "the traceback is the cell's, not ours"
    assert not (root / "_build" / "html").exists()
    assert not (root / "_build" / "ledger.json").exists()
