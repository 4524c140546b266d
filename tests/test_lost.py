"""An address that leads nowhere shows a page that leads back, however deep it lies."""

from __future__ import annotations

import json
import shutil
from urllib.parse import urljoin

import pytest
import yaml
from lxml import html

from armsbrief import paths, publish, unchanged

BASE = "https://example.org/armsbrief/"


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> html.HtmlElement:
    """The page for lost addresses of a book of two pages that knows where it will stand."""
    work = tmp_path_factory.mktemp("lost")
    book = work / "source" / "book"
    shutil.copytree(paths.BOOK / "_static", book / "_static")
    shutil.copy(paths.BOOK / "references.bib", book)
    shutil.copy(paths.ROOT / "_config.yml", work / "source")
    contents = {"format": "jb-book", "root": "index",
                "parts": [{"chapters": [{"file": "book/deep/page"}]}]}  # fmt: skip
    (work / "source" / "_toc.yml").write_text(yaml.safe_dump(contents))
    (work / "source" / "index.md").write_text("# A book\n\nAll is well here.\n")
    (book / "deep").mkdir()
    (book / "deep" / "page.md").write_text("# A page\n\nAnd here.\n")
    empty = {key: {} for key in ("facts", "charts", "tables", "claims", "recommendations")}
    known = {"edition": "2026-01-01", "parameters": {"as_of": "2026-01-01"}}
    (work / "ledger.json").write_text(json.dumps({**known, **empty}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(unchanged.ADDRESS, BASE)
        for name in ("_FROM_THE_LEDGER", "_AFTER_PAGES"):  # what a book with claims has
            patch.setattr(f"armsbrief.sphinx_ext.site.{name}", ())
        site, *_ = publish.publish(work, work / "ledger.json", "2026-01-01", with_paper=False)
    return html.document_fromstring((site / "404.html").read_bytes())


def test_every_link_leads_to_the_same_place_from_any_depth(lost: html.HtmlElement) -> None:
    links = lost.xpath("//body//a/@href[not(starts-with(., '#'))] | //head/link/@href")
    ours = [link for link in links if not link.startswith("https://")]
    assert len(ours) > 5
    for link in ours:
        at_top, deep = (urljoin(f"{BASE}{place}", link) for place in ("none", "a/b/c/none"))
        assert at_top == deep, link
        assert at_top.startswith(BASE), link


def test_it_leads_to_every_page(lost: html.HtmlElement) -> None:
    found = lost.xpath("//nav[@id='contents']//a/@href")
    assert found == ["/armsbrief/index.html", "/armsbrief/book/deep/page.html"]
