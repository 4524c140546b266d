"""Files beside the pages are written by another process, and no failure of it goes unheard."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sphinx.util.logging import getLogger

from armsbrief.pool import WorkerKilledError
from armsbrief.sphinx_ext.site import beside


@pytest.fixture
def app(tmp_path: Path) -> Any:
    """As much of Sphinx as is needed."""
    return SimpleNamespace(outdir=tmp_path)


def _writes(app: Any) -> None:
    (app.outdir / "written").write_text(str(os.getpid()), encoding="utf-8")


def _fails(app: Any) -> None:
    raise ValueError(f"no room in {app.outdir.name}")


def _is_killed(app: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_at_the_end_all_is_written(app: Any) -> None:
    beside.begin(app, [_writes])
    beside.finish(app)
    by = int((app.outdir / "written").read_text("utf-8"))
    assert (by != os.getpid()) is (sys.platform == "linux")


def _warns(app: Any) -> None:
    getLogger("armsbrief").warning("there is no %s", "address")


def test_what_a_writer_warns_of_fails_the_build_like_any_warning(app: Any) -> None:
    told: list[logging.LogRecord] = []
    here = logging.Handler(logging.WARNING)
    here.emit = told.append  # type: ignore[method-assign]
    logging.getLogger("sphinx").addHandler(here)
    try:
        beside.begin(app, [_warns, _writes])
        beside.finish(app)
    finally:
        logging.getLogger("sphinx").removeHandler(here)
    assert [record.getMessage() for record in told] == ["there is no address"]


def test_what_is_begun_later_is_written_too_and_its_failure_told(app: Any) -> None:
    beside.begin(app, [_writes])
    beside.begin(app, [_fails])
    with pytest.raises(ValueError, match="no room in"):
        beside.finish(app)
    assert (app.outdir / "written").exists()


def test_where_nothing_was_begun_there_is_nothing_to_wait_for(app: Any) -> None:
    beside.finish(app)
    assert not (app.outdir / "written").exists()


def test_what_has_ended_the_build_is_not_drowned_by_what_follows_from_it(app: Any) -> None:
    beside.begin(app, [_fails])
    beside.finish(app, ValueError("a page does not build"))


@pytest.mark.parametrize(
    ("writer", "kind", "message"),
    [(_fails, ValueError, "no room in"), (_is_killed, WorkerKilledError, "was killed")],
)
def test_a_writer_that_does_not_come_to_its_end_is_told(
    app: Any, writer: Callable[[Any], None], kind: type[Exception], message: str
) -> None:
    if writer is _is_killed and sys.platform != "linux":
        pytest.skip("there it would be this process")
    beside.begin(app, [writer, _writes])
    with pytest.raises(kind, match=message):
        beside.finish(app)
    assert not (app.outdir / "written").exists()
