"""The two sides of a comparison: an edition, a ledger, or an edition of another revision."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from armsbrief import editions, ledger, paths, provenance
from armsbrief.errors import ArmsbriefError

_GIT = "git:"


@dataclass(frozen=True)
class Side:
    """One side: its name, its parameters, and the tree to run it from.

    A ledger whose code, rules or tables are no longer those of this tree has
    no tree: it can be compared, but not run again.
    """

    name: str
    parameters: Mapping[str, Any]
    tree: Path | None
    ledger: Mapping[str, Any] | None = None

    def tree_or_refuse(self) -> Path:
        """Return the tree; a side without one cannot be run."""
        if self.tree is None:
            raise ArmsbriefError(
                f"{self.name} is a ledger of other code or data: it cannot be run."
            )
        return self.tree


def resolve(text: str, scratch: Path) -> Side:
    """Find the side that a person named.

    Parameters
    ----------
    text : str
        The name of an edition, the path to a ledger or to the folder of a
        build, or `git:REVISION` or `git:REVISION:EDITION`.
    scratch : pathlib.Path
        Folder for the files of another revision.

    Raises
    ------
    ArmsbriefError
        If there is nothing of that name.
    """
    if text.startswith(_GIT):
        return _of_revision(text, scratch)
    if text in editions.names():
        return Side(text, editions.read(text).parameters, paths.ROOT)
    path = Path(text)
    path = path / "ledger.json" if path.is_dir() else path
    if path.is_file():
        return of_ledger(ledger.read(path), text)
    raise ArmsbriefError(
        f"{text!r} is no edition ({', '.join(editions.names())}), no ledger.json or folder with "
        "one, and does not begin with git: as a revision does.",
        f"armsbrief diff {editions.names()[0]} {editions.names()[-1]}",
    )


def of_ledger(content: Mapping[str, Any], name: str) -> Side:
    """Return the side of a ledger; with this tree, if it was made of the same."""
    same = content.get("made_of") == provenance.made_of()
    return Side(name, content["parameters"], paths.ROOT if same else None, content)


def _of_revision(text: str, scratch: Path) -> Side:
    revision, _, edition = text.removeprefix(_GIT).partition(":")
    tree = scratch / f"revision-{revision.replace('/', '-')}"
    _export(revision, tree)
    known = sorted(path.stem for path in (tree / "editions").glob("*.yml"))
    edition = edition or (known[-1] if known else "")
    if edition not in known:
        raise ArmsbriefError(
            f"revision {revision!r} has no edition {edition!r}; it has: {', '.join(known)}."
        )
    content = yaml.safe_load((tree / "editions" / f"{edition}.yml").read_text(encoding="utf-8"))
    return Side(f"{revision}:{edition}", content["parameters"], tree)


def committed(edition: str, scratch: Path) -> Side | None:
    """Return an edition as it was committed last; None if git has none, or a newer one.

    Parameters
    ----------
    edition : str
        Its name.
    scratch : pathlib.Path
        Folder for the files of the revision.
    """
    command = ["git", "-C", str(paths.ROOT), "ls-tree", "--name-only", "HEAD", "editions/"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    known = sorted(Path(line).stem for line in ran.stdout.split() if line.endswith(".yml"))
    if ran.returncode or known[-1:] != [edition]:
        return None
    return _of_revision(f"{_GIT}HEAD:{edition}", scratch)


def _export(revision: str, tree: Path) -> None:
    """Write the files of a revision; the working tree and the index are not touched."""
    ran = subprocess.run(
        ["git", "-C", str(paths.ROOT), "archive", "--format=tar", "--end-of-options", revision],
        capture_output=True, check=False,
    )  # fmt: skip
    if ran.returncode:
        raise ArmsbriefError(
            f"git has no revision {revision!r} of {paths.ROOT}: "
            f"{ran.stderr.decode(errors='replace').strip()}",
            "git log --oneline",
        )
    with tarfile.open(fileobj=io.BytesIO(ran.stdout)) as archive:
        archive.extractall(tree, filter="data")
