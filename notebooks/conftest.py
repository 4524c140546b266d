"""What nbval does not see: a notebook that was never run has nothing to compare, and passes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from armsbrief import drawing, warm

_kernels = ExitStack()  # warm, from the first notebook to the end


@cache
def _warm_up() -> None:
    _kernels.enter_context(warm.serving())
    _kernels.enter_context(drawing.serving())


def pytest_configure(config: pytest.Config) -> None:
    """Start one server for all processes, where pytest-xdist is to start several."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        _warm_up()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    """Let nbval's kernels be warm."""
    _warm_up()
    return (yield)


def pytest_unconfigure() -> None:
    """Leave no process behind."""
    _kernels.close()


_RECORDS = {"fact(": "fact", "chart(": "chart", "specifications(": "specifications"}


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Add a check of its own to every notebook that nbval collects."""
    if file_path.suffix != ".ipynb" or not parent.config.option.nbval:
        return None
    collector: pytest.Collector = StoredOutputs.from_parent(parent, path=file_path)
    return collector


class StoredOutputs(pytest.File):
    """The outputs that a notebook is stored with."""

    def collect(self) -> Iterable[pytest.Item]:
        """Yield the one check."""
        yield AreThere.from_parent(self, name="every code cell was executed and kept its output")


class AreThere(pytest.Item):
    """Every code cell has an execution count, and every recording cell its record."""

    def runtest(self) -> None:
        """Fail with the cells that lack something."""
        cells = json.loads(self.path.read_text(encoding="utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        never = [cell["id"] for cell in code if cell["execution_count"] is None]
        silent = [cell["id"] for cell in code if not _recorded(cell)]
        if never or silent:
            raise AssertionError(
                f"{self.path.name}: never executed: {never or 'none'}; without the record that "
                f"they make: {silent or 'none'}.\n  Next: armsbrief build --store"
            )

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None
    ) -> str:
        """Show the message alone."""
        return str(excinfo.value)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Name the notebook."""
        return self.path, 0, f"{self.path.name}: {self.name}"


def _recorded(cell: dict[str, Any]) -> bool:
    source, outputs = "".join(cell["source"]), json.dumps(cell["outputs"])
    lines = [
        line for line in source.splitlines() if not line.startswith(("from ", "import ", "def "))
    ]
    return all(
        f"application/vnd.armsbrief.{kind}+json" in outputs
        for call, kind in _RECORDS.items()
        if any(line.startswith(call) for line in lines)
    )
