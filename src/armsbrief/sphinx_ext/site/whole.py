"""Files about the site as a whole: ledger, tables, twins, feed, sitemap, research object."""

from __future__ import annotations

import json
import mimetypes
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from sphinx.application import Sphinx

from armsbrief import editions, ledger, paths
from armsbrief.sphinx_ext.site.files import write
from armsbrief.sphinx_ext.site.metadata import AUTHOR, LICENCE, address
from armsbrief.sphinx_ext.source import of as ledger_of
from armsbrief.sphinx_ext.source import sources_of

_NO_PAGES = {"404.html", "search.html"}
_NAMES = uuid.uuid5(uuid.NAMESPACE_DNS, "armsbrief")


def write_ledger(app: Sphinx) -> None:
    """Write the ledger, and the tables that it was computed from."""
    ledger.write(ledger_of(app.env), Path(app.outdir) / "ledger.json")
    found = [paths.PACKAGE, *paths.DATA.glob("tables/*.csv"), *paths.DATA.glob("schemas/*.json")]
    for path in found:
        write(app, f"data/{path.relative_to(paths.DATA).as_posix()}", path.read_bytes())


def write_twins(app: Sphinx) -> None:
    """Write every finding as JSON, with its facts and its sources."""
    book, sources = ledger_of(app.env), sources_of(app.env)
    for name, claim in book["claims"].items():
        twin = {
            "id": name,
            "edition": book["edition"],
            "parameters": book["parameters"],
            "address": address(app, claim["page"]),
            "claim": claim,
            "facts": {fact: book["facts"][fact] for fact in claim["facts"]},
            "sources": {source: sources[source] for source in claim["sources"]},
        }
        write(app, f"{claim['page']}.json", json.dumps(twin, indent=1, ensure_ascii=False) + "\n")


def write_feed(app: Sphinx) -> None:
    """Write the feed of editions, newest first."""
    known = [editions.read(name) for name in reversed(editions.names())]
    newest = known[0].parameters["as_of"]
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<title>{escape(app.config.project)}: editions</title>",
        f"<id>{_urn('feed')}</id>",
        f"<updated>{newest}T00:00:00Z</updated>",
        f"<author><name>{AUTHOR['name']}</name></author>",
        f"<link href={quoteattr(app.config.html_baseurl or 'index.html')}/>",
        *(line for edition in known for line in _entry(app, edition)),
        "</feed>",
    ]
    write(app, "feed.xml", "\n".join(lines) + "\n")


def _urn(name: str) -> str:
    return f"urn:uuid:{uuid.uuid5(_NAMES, name)}"


def _entry(app: Sphinx, edition: editions.Edition) -> Iterator[str]:
    yield "<entry>"
    yield f"<title>Edition {escape(edition.name)}</title>"
    yield f"<id>{_urn(edition.name)}</id>"
    yield f"<updated>{edition.parameters['as_of']}T00:00:00Z</updated>"
    if base := app.config.html_baseurl:
        yield f"<link href={quoteattr(f'{base}editions/{edition.name}/')}/>"
    yield f"<summary>{escape(edition.note)}</summary>"
    yield "</entry>"


def write_sitemap(app: Sphinx) -> None:
    """Write robots.txt and the sitemap, which holds absolute addresses and so needs a base."""
    base = app.config.html_baseurl
    sitemap = f"Sitemap: {base}sitemap.xml\n" if base else ""
    write(app, "robots.txt", f"User-agent: *\nAllow: /\n{sitemap}")
    if not base:
        return
    out = Path(app.outdir)
    pages = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.html"))
    shown = [page.removesuffix(".html") for page in pages if page not in _NO_PAGES]
    urls = "".join(f"<url><loc>{escape(address(app, page))}</loc></url>\n" for page in shown)
    write(
        app,
        "sitemap.xml",
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{urls}</urlset>\n',
    )


def write_crate(app: Sphinx) -> None:
    """Describe the whole as a research object (RO-Crate 1.1)."""
    out = Path(app.outdir)
    wanted = [out / "index.html", out / "ledger.json", *out.glob("data/**/*.*"),
              *out.glob("book/findings/*.html"), *out.glob("book/findings/*.json"),
              *out.glob("notebooks/*.html")]  # fmt: skip
    files = [_file(path.relative_to(out).as_posix()) for path in sorted(wanted)]
    book = ledger_of(app.env)
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": app.config.project,
        "description": f"Edition {book['edition']} of a policy brief with executable evidence: "
        "pages, facts, verdicts and the tables they were computed from.",
        "datePublished": book["parameters"]["as_of"],
        "license": {"@id": LICENCE},
        "author": {"@id": "#author"},
        "hasPart": [{"@id": file["@id"]} for file in files],
    }
    graph: list[dict[str, Any]] = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        },
        root,
        {"@id": "#author", **AUTHOR},
        {"@id": LICENCE, "@type": "CreativeWork", "name": "CC BY 4.0"},
        *files,
    ]
    crate = {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}
    write(app, "ro-crate-metadata.json", json.dumps(crate, indent=1, ensure_ascii=False) + "\n")


def _file(name: str) -> dict[str, Any]:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return {"@id": name, "@type": "File", "name": name, "encodingFormat": kind}
