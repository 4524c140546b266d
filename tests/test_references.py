"""A page that refers to what does not exist is an error that names the page and the line."""

from __future__ import annotations

import json
import shutil

import pytest
import yaml
from support import CASES

from armsbrief import paths, publish
from armsbrief.errors import LedgerError
from armsbrief.ledger import collect

PAGE = """\
# A page

There were {fact}`equipment-value.lfet` left.

The verdict is {verdict}`equipment-worth`.

```{finding} equipment-worth
```

See [the limits](/book/limtis.md).

So says {cite}`eq99999`.

```{chart} equipment-value.bra
```
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the build of a book of two pages says, of which one is wrong throughout."""
    work = tmp_path_factory.mktemp("references")
    book = work / "source" / "book"
    shutil.copytree(paths.BOOK / "_static", book / "_static")
    shutil.copy(paths.BOOK / "references.bib", book)
    shutil.copy(paths.ROOT / "_config.yml", work / "source")
    contents = {
        "format": "jb-book",
        "root": "index",
        "parts": [{"chapters": [{"file": "book/page"}]}],
    }
    for name in ("_toc.yml", "_toc_print.yml"):
        (work / "source" / name).write_text(yaml.safe_dump(contents))
    (work / "source" / "index.md").write_text("# A book\n\nAll is well here.\n")
    (book / "page.md").write_text(PAGE)
    records = collect([CASES / "stock.ipynb"])
    ledger = {"edition": "test", "facts": records["facts"], "charts": records["charts"], "tables": {}, "claims": {},
              "recommendations": {}}  # fmt: skip
    (work / "ledger.json").write_text(json.dumps(ledger))
    with pytest.raises(LedgerError) as caught:
        publish.publish(work, work / "ledger.json", "2026-01-01")
    assert not (work / "brief.pdf").exists()
    return str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (3, "there is no entry 'equipment-value.lfet' among the facts of the ledger"),
        (5, "there is no entry 'equipment-worth' among the claims of the ledger"),
        (7, "there is no entry 'equipment-worth' among the claims of the ledger"),
        (10, "limtis"),
        (12, "eq99999"),
        (14, "there is no entry 'equipment-value.bra' among the charts of the ledger"),
    ],
)
def test_each_broken_reference_is_named_with_page_and_line(
    said: str, line: int, message: str
) -> None:
    where = f"book/page.md:{line}:"
    assert any(where in row and message in row for row in said.splitlines()), said


def test_a_missing_fact_comes_with_those_that_there_are(said: str) -> None:
    assert "there are: equipment-value.asserted, equipment-value.left" in said


def test_what_is_right_is_not_complained_about(said: str) -> None:
    assert "index.md" not in said
