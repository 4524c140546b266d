"""Charts are the same bytes wherever they are drawn, and there is always somebody to draw them."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import psutil
import pytest

from armsbrief import charts, drawing, paths
from armsbrief.sphinx_ext.svg import for_screen

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="drawn in the kernel elsewhere")

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.1.json"


def bars(*values: int) -> dict[str, Any]:
    return {
        "$schema": SCHEMA, "mark": "bar", "config": {"font": "Lato"},
        "data": {"values": [{"name": f"n{value}", "value": value} for value in values]},
        "encoding": {"x": {"field": "name"}, "y": {"field": "value", "type": "quantitative"}},
    }  # fmt: skip


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with drawing.serving():
        yield Path(os.environ[drawing.VARIABLE])


def test_the_process_draws_the_same_bytes_as_the_kernel_itself(place: Path) -> None:
    for values in ((1, 2, 3), (5,), (3, 2, 1)):
        asked = drawing.svg(bars(*values))
        assert asked.startswith("<svg")
        assert asked == drawing._drawn_here(bars(*values))


def test_many_ask_at_once_and_each_gets_its_own(place: Path) -> None:
    wanted = {n: drawing._drawn_here(bars(n, n + 1)) for n in range(6)}
    found: dict[int, str] = {}
    threads = [threading.Thread(target=lambda n=n: found.update({n: drawing.svg(bars(n, n + 1))}))
               for n in wanted]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == wanted


def test_what_cannot_be_drawn_fails_as_in_the_kernel(place: Path) -> None:
    with pytest.raises(ValueError, match="no Vega-Lite version"):
        drawing.svg({"$schema": "none"})
    assert drawing.svg(bars(1)).startswith("<svg"), "it still draws"


def test_a_client_that_says_nonsense_or_goes_away_harms_nobody(place: Path) -> None:
    for said in (b"", b"\xff\xfe", b"[]", b'{"$schema": 1}'):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(place))
            client.sendall(said)
    assert drawing.svg(bars(2)) == drawing._drawn_here(bars(2))


def test_the_socket_is_private(place: Path) -> None:
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_where_the_process_is_gone_the_kernel_draws() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(drawing.VARIABLE, "/nowhere/socket")
        assert drawing.svg(bars(4)) == drawing._drawn_here(bars(4))


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where drawings are kept between builds."""
    monkeypatch.delenv(drawing.VARIABLE, raising=False)
    monkeypatch.setattr(paths, "CACHE", tmp_path)
    return tmp_path / "drawings"


def changed(path: Path, svg: str) -> None:
    """Put something else in place of a drawing that is kept, as if it had been drawn."""
    path.write_text(f"{hashlib.sha256(svg.encode()).hexdigest()}\n{svg}", encoding="utf-8")


def test_what_an_earlier_build_has_drawn_is_not_drawn_again(kept: Path) -> None:
    with drawing.serving():
        drawn = drawing.svg(bars(1, 2))
    (one,) = kept.iterdir()
    with drawing.serving():
        assert drawing.svg(bars(1, 2)) == drawn
        changed(one, "<svg>kept</svg>")
        assert drawing.svg(bars(1, 2)) == "<svg>kept</svg>"
        assert drawing.svg(bars(2, 1)) != drawn
    assert len(list(kept.iterdir())) == 2


def test_a_build_without_cache_draws_anew(kept: Path) -> None:
    with drawing.serving():
        drawn = drawing.svg(bars(1, 2))
    (one,) = kept.iterdir()
    changed(one, "<svg>kept</svg>")
    with drawing.serving(use_cache=False):
        assert drawing.svg(bars(1, 2)) == drawn


@pytest.mark.parametrize("damage", [b"", b"\xff", b"\n", b"<svg", b"0" * 64 + b"\n<svg>"])
def test_a_damaged_drawing_is_noticed_and_replaced(kept: Path, damage: bytes) -> None:
    with drawing.serving():
        drawn = drawing.svg(bars(1, 2))
        (one,) = kept.iterdir()
        whole = one.read_bytes()
        for broken in (damage, whole[:-1], whole.replace(b"svg", b"svG")):
            one.write_bytes(broken)
            assert drawing.svg(bars(1, 2)) == drawn
            drawing.svg(bars(1))  # by then the one before is kept
            assert one.read_bytes() == whole


def test_where_nothing_can_be_kept_it_still_draws(kept: Path) -> None:
    kept.write_text("no folder", encoding="utf-8")
    with drawing.serving():
        assert drawing.svg(bars(1, 2)) == drawing._drawn_here(bars(1, 2))


def test_nothing_is_left_behind() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(drawing.VARIABLE, raising=False)
        with drawing.serving():
            place = Path(os.environ[drawing.VARIABLE])
        assert drawing.VARIABLE not in os.environ
        assert not place.parent.exists()


def test_it_ends_with_its_parent_even_when_that_is_killed() -> None:
    code = (
        "import time; from armsbrief import drawing; stack = drawing.serving(); stack.__enter__(); "
        "import psutil; import os; print(psutil.Process().children()[0].pid, os.environ[drawing.VARIABLE], flush=True); time.sleep(60)"
    )
    env = {k: v for k, v in os.environ.items() if k != drawing.VARIABLE}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=env
                          ) as parent:  # fmt: skip
        assert parent.stdout
        pid, place = parent.stdout.readline().split()
        server = int(pid)
        parent.send_signal(signal.SIGKILL)
    until = time.monotonic() + 10
    while psutil.pid_exists(server) and psutil.Process(server).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert not Path(place).parent.exists()


def test_a_chart_is_the_same_to_the_byte_when_only_digits_that_are_not_kept_differ() -> None:
    def chart(value: float) -> tuple[str, dict[str, Any]]:
        rows = pd.DataFrame({"name": ["a"], "value": [value]})
        return charts.drawn(alt.Chart(rows).mark_bar().encode(x="name", y="value"), "t", "words")

    assert chart(1 / 3) == chart(1 / 3 + 1e-14) != chart(1 / 3 + 1e-4)


def test_a_drawing_for_a_screen_rounds_places_and_never_what_is_written() -> None:
    drawn = (
        '<svg viewBox="0 0 9.87654 1"><text x="1.23456">$7.12 billion, <b>0.015%</b></text></svg>'
    )
    shown = for_screen(drawn, "broad")
    assert "$7.12 billion, <b>0.015%</b>" in shown
    assert 'x="1.2"' in shown
