"""Say in plain words what a refresh brought, which verdicts moved, and what to type next."""

from __future__ import annotations

from collections.abc import Iterator

from armsbrief import changes, preview
from armsbrief.refresh import News, Outcome

_FACTS = 30
_CLAIMS = 30


def in_words(outcome: Outcome) -> Iterator[str]:
    """Yield what a person should read after a refresh, a line at a time."""
    for news in outcome.news:
        yield from _of_source(news)
    if outcome.moved:
        yield from _of_verdicts(outcome.moved)
    yield from _next(outcome)


def _of_source(news: News) -> Iterator[str]:
    if not news.came:
        yield f"{news.title}: checked, nothing newer."
        return
    for release, revised in news.releases:
        new = f"{_rows(len(revised.new))} new{news.span(revised.new)}"
        yield (
            f"{news.title}, {release} → table {news.table}: {new}, "
            f"{len(revised.changed)} revised, {len(revised.gone)} withdrawn."
        )
        yield from map("  {}".format, news.revisions(revised))
        if len(revised.changed):
            yield "  The earlier values stay, with their dates: an earlier day still sees them."


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"


def _of_verdicts(moved: preview.Moved) -> Iterator[str]:
    flipped = [change for change in moved.claims if change.flipped]
    for change in flipped:
        title, before, after, was, is_now = changes.cells(change)
        yield f"VERDICT MOVED  {title}: {before} → {after} ({was} → {is_now})"
    if not flipped:
        yield "No verdict moved."
    others = [change for change in moved.claims if change.moved and not change.flipped]
    for change in others[:_CLAIMS]:
        verdict, value, holds = changes.arrows(change)
        yield f"  Same verdict ({verdict}): {change.title} ({value}; holds in {holds})"
    yield f"{len(moved.facts)} of the facts changed."
    for name, was, is_now in moved.facts[:_FACTS]:
        yield f"  {moved.labels.get(name, name)}: {was} → {is_now}  ({name})"
    if len(moved.facts) > _FACTS:
        yield f"  and {len(moved.facts) - _FACTS} more."


def _next(outcome: Outcome) -> Iterator[str]:
    if not outcome.published:
        yield "Dry run: nothing was written."
        yield "Next: the same command without --dry-run"
    elif outcome.came:
        yield f"Next: armsbrief build --begin {outcome.day} --store"
