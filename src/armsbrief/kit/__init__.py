"""`armsbrief kit`: what is sent out from an edition, all of it from its ledger."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from armsbrief import editions, ledger, paths, provenance, words
from armsbrief.charts import picture
from armsbrief.claims import read_letters
from armsbrief.errors import LedgerError
from armsbrief.kit import cards, letters, paper, word
from armsbrief.publish import swap_in
from armsbrief.references import sources
from armsbrief.spreadsheet import harmless

_ONE_PAGE = "one-page.pdf"
_COLUMNS = ("id", "title", "says", "asserted", "estimate", "unit", "verdict", "sentence", "holds",
            "of", "as_of", "next_due", "stale", "page")  # fmt: skip
Say = Callable[[str], None]


@dataclass
class Kit:
    """The files of a kit by path, with the facts and claims that stand in each."""

    content: dict[str, bytes] = field(default_factory=dict)
    trail: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    withheld: dict[str, list[str]] = field(default_factory=dict)

    def add(self, path: str, content: bytes | str, facts: Iterable[str] = (),
            claims: Iterable[str] = ()) -> None:  # fmt: skip
        """Take a file in."""
        self.content[path] = content.encode() if isinstance(content, str) else content
        self.trail[path] = {"facts": sorted(set(facts)), "claims": sorted(set(claims))}


def kit(edition: str | None = None, out: Path | None = None, say: Say = lambda text: None
        ) -> tuple[Kit, Path]:  # fmt: skip
    """Write the kit of an edition that was built.

    Parameters
    ----------
    edition : str, optional
        Name of the edition; the newest if none is given.
    out : pathlib.Path, optional
        Folder for the kit; `_build/editions/<name>/kit` otherwise, and for the
        newest edition `_build/kit` too.
    say : callable
        Told what happens, a line at a time.

    Raises
    ------
    ArmsbriefError
        If the edition was not built, or was built from other code or data, or a
        letter refers to what there is not. Nothing is replaced then.
    """
    chosen = editions.read(edition) if edition else editions.default()
    built = paths.BUILD / "editions" / chosen.name
    made = compiled(_current(built / "ledger.json", chosen.name), built, say)
    places = [built / "kit", *([paths.BUILD / "kit"] if chosen == editions.default() else [])]
    places = [out] if out else places
    with tempfile.TemporaryDirectory() as folder:
        for path, content in made.content.items():
            target = Path(folder) / "kit" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        for place in places:
            swap_in(Path(folder) / "kit", place)
    return made, places[-1]


def _current(path: Path, name: str) -> ledger.Ledger:
    """Read the ledger; numbers of other data than those here must not be sent out."""
    command = f"armsbrief build --edition {name}"
    if not path.is_file():
        raise LedgerError(f"edition {name!r} was not built: there is no {path}.", command)
    content = ledger.read(path)
    if content.get("made_of") != provenance.made_of():
        raise LedgerError(
            f"edition {name!r} was built from other code, rules or tables than those here now.",
            command,
        )
    return content


def compiled(content: ledger.Ledger, built: Path, say: Say = lambda text: None) -> Kit:
    """Make every file of a kit from a ledger.

    Parameters
    ----------
    content : dict
        The ledger.
    built : pathlib.Path
        Folder of the build, where the one-page brief is looked for.
    say : callable
        Told what happens, a line at a time.
    """
    made = Kit()
    _letters(made, content, say)
    _cards(made, content, say)
    _snippets(made, content)
    made.add("claims.csv", claims_csv(content["claims"]),
             _shown(content["claims"].values(), with_counter=False), content["claims"])  # fmt: skip
    _one_page(made, built, say)
    made.add("index.html", _index(made, content))
    made.content["manifest.json"] = _manifest(made, content).encode()
    return made


def _one_page(made: Kit, built: Path, say: Say) -> None:
    if (built / _ONE_PAGE).is_file():
        made.add(_ONE_PAGE, (built / _ONE_PAGE).read_bytes())
    else:
        say(f"No {_ONE_PAGE} in {built}: the kit comes without the one-page brief")


def _shown(claims: Iterable[Mapping[str, Any]], *, with_counter: bool = True) -> set[str]:
    """Return the facts whose display forms stand in the sentences of claims."""
    keys = ("says_source", "sentence_source")
    texts = [claim[key] for claim in claims for key in keys]
    if with_counter:
        texts += [claim["counter_evidence_source"][0] for claim in claims]
    return {fact for text in texts for fact in re.findall(r"\{fact\}`([^`]+)`", text)}


def _letters(made: Kit, content: ledger.Ledger, say: Say) -> None:
    for name, entry in read_letters(paths.BOOK / "letters.yml").items():
        if reasons := letters.why_withheld(name, entry, content):
            made.withheld[name] = reasons
            say(f"  withheld: {name}: {reasons[0]}")
            continue
        say(f"  letter: {name}")
        letter = letters.written(name, entry, content)
        for kind, set_in in (("docx", word.word), ("pdf", paper.pdf)):
            made.add(f"letters/{name}.{kind}", set_in(letter), letter.facts, letter.claims)
    if made.withheld:
        made.add("letters/WITHHELD.md", _withheld(made.withheld, content))


def _withheld(reasons: Mapping[str, Sequence[str]], content: ledger.Ledger) -> str:
    lines = [
        f"# Letters withheld from edition {content['edition']}",
        "",
        "A letter is not written when a claim that it rests on is no longer supported, or when a",
        "number that it needs is not known. Do not send an older copy.",
        "",
    ]
    for name, why in reasons.items():
        lines += [f"## {name}", "", *(f"- Withheld because {reason}" for reason in why), ""]
    return "\n".join(lines)


def _cards(made: Kit, content: ledger.Ledger, say: Say) -> None:
    say(f"  {len(content['claims'])} picture cards")
    for name, claim in content["claims"].items():
        svg = cards.card(claim, content["edition"])
        facts = _shown([claim])
        made.add(f"cards/{name}.svg", svg, facts, [name])
        made.add(f"cards/{name}.png", picture(svg, 1), facts, [name])
        made.add(f"cards/{name}.txt", cards.alternative(claim, content["edition"]) + "\n", facts,
                 [name])  # fmt: skip


def _snippets(made: Kit, content: ledger.Ledger) -> None:
    known = sources()
    for key, chart in content["charts"].items():
        name = key.split(".")[0]
        path = f"charts/{name}.html"
        if name in content["claims"] and path not in made.content:
            claim = content["claims"][name]
            made.add(path, paper.snippet(key, chart, claim, content, known), claims=[name])


def claims_csv(claims: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Return the claims as CSV; no cell can start a formula in a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for name, claim in claims.items():
        found = claim["robustness"] or {"holds": "", "of": ""}
        row = {**claim, "id": name, **found}
        writer.writerow(harmless(row[column]) for column in _COLUMNS)
    return text.getvalue().encode("utf-8-sig")  # the mark tells Excel that it is UTF-8


def _index(made: Kit, content: ledger.Ledger) -> str:
    claims = content["claims"]
    files = [path for path in made.content if path.startswith(("letters/", "charts/"))]
    files += [path for path in ("claims.csv", _ONE_PAGE) if path in made.content]
    listed = "".join(f'<li><a href="{escape(p)}">{escape(p)}</a></li>' for p in sorted(files))
    shown = "".join(
        f'<figure><img src="cards/{name}.png" width="600" height="315" '
        f'alt="{escape(cards.alternative(claim, content["edition"]))}">'
        f"<figcaption>{escape(claim['title'])}: "
        f"{escape(words.VERDICT[claim['verdict']].lower())}</figcaption></figure>"
        for name, claim in claims.items()
    )
    why = "".join(f"<li>{escape(name)}: {escape('; '.join(reasons))}</li>"
                  for name, reasons in made.withheld.items())  # fmt: skip
    withheld = f"<h2>Withheld</h2><ul>{why}</ul>" if why else ""
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Kit of edition {escape(content["edition"])}</title>
<style>body{{font:1rem/1.5 Lato,Arial,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}
img{{max-width:100%;height:auto;border:1px solid #d9e0e6}}figure{{margin:1.5rem 0}}</style></head>
<body><main><h1>Kit of edition {escape(content["edition"])}</h1>
<p>Letters, charts and cards, all made from the ledger of this edition. Read a letter before you
send it, and put your own name and office in.</p>{withheld}
<h2>Files</h2><ul>{listed}</ul><h2>Cards</h2>{shown}</main></body></html>
"""


def _manifest(made: Kit, content: ledger.Ledger) -> str:
    files = [
        {"path": path, "sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body),
         **made.trail[path]}
        for path, body in sorted(made.content.items())
    ]  # fmt: skip
    listed = {"edition": content["edition"], "parameters": content["parameters"],
              "withheld": made.withheld, "files": files}  # fmt: skip
    return json.dumps(listed, indent=1, ensure_ascii=False) + "\n"
