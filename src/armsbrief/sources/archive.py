"""Take the one table out of a zip file, without trusting the zip file."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path, PurePosixPath

from armsbrief.errors import FetchError

_CHUNK = 1 << 20
_RATIO = 100  # text packs ten times; what packs a hundred times is no table
_FREE = 1 << 20  # bytes below which no ratio is suspicious
_FILES = 20


def extract_table(source: str, archive: Path, to: Path, limit: int) -> Path:
    """Unpack the only CSV file of an archive.

    Parameters
    ----------
    source : str
        For messages.
    archive, to : pathlib.Path
        The zip file, and the file to write.
    limit : int
        Bytes that the table may have.

    Raises
    ------
    FetchError
        If the archive is damaged, holds a path outside of itself, unpacks to
        too much, or does not hold exactly one CSV file.
    """
    try:
        with zipfile.ZipFile(archive) as content:
            member = _table(source, content.infolist(), limit)
            _copy(source, content, member, to, limit)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _error(source, f"{archive.name} is damaged or cut ({error})") from error
    return to


def _table(source: str, members: list[zipfile.ZipInfo], limit: int) -> zipfile.ZipInfo:
    if len(members) > _FILES:
        raise _error(source, f"a zip file of {len(members)} files")
    for member in members:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise _error(source, f"a zip file with the path {member.filename!r} outside of it")
        packed = max(member.compress_size, 1)
        if member.file_size > limit or member.file_size > max(_FREE, _RATIO * packed):
            raise _error(
                source, f"a zip file that unpacks {packed:,} bytes to {member.file_size:,}"
            )
    tables = [member for member in members if member.filename.lower().endswith(".csv")]
    if len(tables) != 1:
        names = ", ".join(member.filename for member in members) or "nothing"
        raise _error(source, f"a zip file that holds {names}")
    return tables[0]


def _copy(
    source: str, content: zipfile.ZipFile, member: zipfile.ZipInfo, to: Path, limit: int
) -> None:
    """Unpack, counting: the size that a zip file states need not be true."""
    size = 0
    with content.open(member) as packed, to.open("wb") as out:
        while piece := packed.read(_CHUNK):
            size += len(piece)
            if size > limit:
                raise _error(source, f"a zip file that unpacks to more than {limit:,} bytes")
            out.write(piece)


def _error(source: str, came: str) -> FetchError:
    return FetchError(
        f"{source}: {came}. Expected a zip file with one CSV file. Nothing was changed.",
        "run the same command again; if it goes on, open the source's page in a browser",
    )
