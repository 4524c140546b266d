"""The verification page: the result of the checks, set into the page that the build left for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from armsbrief import execute, manifest, paths, provenance, unchanged
from armsbrief.verify.published import Published
from armsbrief.verify.report import Report

PAGE = Path("book/verification.html")
RESULT = Path("verification.json")
KEPT = Path("mutations.json")  # the last mutation run: in _build, and as committed in docs
BEGIN, END = "<!-- verification -->", "<!-- /verification -->"
_NOT_RUN = (
    "<p>No mutation run was made with this edition: that its checks notice what is wrong is not "
    "shown here. To make one: <code>armsbrief verify --mutations</code>.</p>"
)
_NAMED = 5  # files of code
_PLACE = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)


def with_mutations(report: Report, edition: Published) -> Report:
    """Add the last mutation run, made here or else the committed one, and what changed since."""
    for path in (paths.BUILD / KEPT, paths.ROOT / "docs" / KEPT):
        if path.is_file():
            kept = json.loads(path.read_text("utf-8"))
            report.mutations = {**kept, "changed_since": _changed(kept, edition.ledger)}
            return report
    return report


def _changed(kept: Mapping[str, Any], book: Mapping[str, Any]) -> list[str]:
    """Name what the corrupted edition was made of and this one is not."""
    then, now = kept["made_of"], book["made_of"]
    tables = sorted({*then["tables"], *now["tables"]})
    return [
        *([f"the code{_other_files(kept)}"] if then["code"] != now["code"] else []),
        *(["the rules"] if then["rules"] != now["rules"] else []),
        *(f"the table {t}" for t in tables if then["tables"].get(t) != now["tables"].get(t)),
    ]


def _other_files(kept: Mapping[str, Any]) -> str:
    """Name the first of the files whose code is another one now, and count the rest."""
    then, now = kept.get("code"), provenance.code_files(paths.ROOT)
    if then is None:  # a run of before files were kept
        return ""
    files = sorted(name for name in {*then, *now} if then.get(name) != now.get(name))
    more = len(files) - _NAMED
    return f" ({', '.join(files[:_NAMED])}{f' and {more} more' if more > 0 else ''})"


def publish(report: Report, edition: Published) -> None:
    """Publish the report wherever this edition stands: the newest is at the top of `_build` too.

    A build that would change nothing is still over at once after that.
    """
    twin = Published(paths.BUILD)
    is_twin = (twin.folder / "ledger.json").is_file() and twin.digest == edition.digest
    with unchanged.renewed():
        for place in {edition.folder, *([twin.folder] if is_twin else [])}:
            _publish(report, Published(place))


def _publish(report: Report, edition: Published) -> None:
    """Write `verification.json`, fill the page, and renew the manifests, which list both."""
    site = edition.folder / "html"
    content = json.dumps(report.as_json(), indent=1, ensure_ascii=False) + "\n"
    execute.place_whole(content.encode(), site / RESULT)
    page = site / PAGE
    if page.is_file():
        text = page.read_text("utf-8")
        filled = _PLACE.sub(lambda _: f"{BEGIN}{as_html(report)}{END}", text)
        execute.place_whole(filled.encode(), page)
    _renew(site, {RESULT, PAGE})
    _renew(edition.folder, {"html" / RESULT, "html" / PAGE, Path("html") / manifest.NAME})


def unfilled(text: str) -> str:
    """Return the page as the build left it."""
    return _PLACE.sub("", text)


def _renew(folder: Path, changed: Iterable[Path]) -> None:
    """Note new hashes of what verification itself wrote, and of nothing else."""
    path = folder / manifest.NAME
    if not path.is_file():
        return
    content = json.loads(path.read_text("utf-8"))
    for name in changed:
        if (folder / name).is_file():
            content["files"][name.as_posix()] = manifest.digest(folder / name)
    content["files"] = dict(sorted(content["files"].items()))
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    execute.place_whole(text.encode(), path)


def as_html(report: Report) -> str:
    """Return the report as a piece of a page."""
    passed = "All checks passed." if not report.failures else f"{len(report.failures)} failures."
    rows = [(c.name, c.looked_at, str(len(c.failures))) for c in report.checks]
    parts = [
        f'<p><strong>{passed}</strong> For other programs: <a href="../{RESULT}">{RESULT}</a>.</p>',
        _table("Checks", ("Check", "What was looked at", "Failures"), rows),
        *_list("Failures", report.failures),
        *_list("What could not be checked", [n for c in report.checks for n in c.not_checked]),
        "<h2>Checks of the checks</h2>",
        *(_mutations(report.mutations) if report.mutations else (_NOT_RUN,)),
    ]
    return "\n".join(parts)


def _mutations(run: Mapping[str, Any]) -> Iterable[str]:
    caught = f"{run['caught']:,} of {run['tried']:,} corruptions were caught by a check or changed"
    yield f"<p>{caught} a displayed number or a verdict.</p>"
    if run["changed_since"]:
        yield (f"<p>That run was made with edition {escape(run['edition'])} before these changed: "
               f"{escape(', '.join(run['changed_since']))}. To make it again: "
               "<code>make mutations</code>.</p>")  # fmt: skip
    if run["tried"] < run["possible"]:
        yield (f"<p>They are a sample of the {run['possible']:,} that are possible (seed "
               f"{run['seed']}), the same number of each kind where there are as many. All of them "
               "were not tried.</p>")  # fmt: skip
    kinds = [(kind, f"{n['caught']:,} of {n['tried']:,}") for kind, n in run["kinds"].items()]
    yield _table("Corruptions caught", ("Corruption", "Caught"), kinds)
    survivors = [(reason, f"{n:,}") for reason, n in run["survivors"].items()]
    if survivors:
        yield "<p>Those that survived, with the reason:</p>"
        yield _table("Reasons", ("Reason", "Corruptions"), survivors)
    counts = (("survived", "tried"), ("unnamed", "rows"), ("unused", "dropped"))
    tables = [(name, *(f"{t[part]:,} of {t[whole]:,}" for part, whole in counts))
              for name, t in run["tables"].items()]  # fmt: skip
    head = ("Table", "Survived", "Rows that no fact, chart or table names",
            "Rows dropped without being missed")  # fmt: skip
    yield _table("Corruptions that survived, by table", head, tables)


def _table(label: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (f'<div class="wide" tabindex="0" role="group" aria-label="{label}"><table>'
            f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>")  # fmt: skip


def _list(title: str, lines: Sequence[str]) -> Iterable[str]:
    if lines:
        yield f"<h2>{escape(title)}</h2>"
        yield "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"
