"""Warm kernels differ from ordinary ones in time, and in nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import nbformat
import papermill
import psutil
import pytest
from jupyter_client.connect import LocalPortCache
from jupyter_client.manager import AsyncKernelManager, KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from armsbrief.warm import serving
from armsbrief.warm.client import prompt
from armsbrief.warm.meeting import FOLDER, Meeting
from armsbrief.warm.process import WarmProcess
from armsbrief.warm.protocol import Launch, MalformedError, Reader, WarmError, frame

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are warm on Linux only")

AWKWARD = sorted((Path(__file__).parent / "notebooks" / "awkward").glob("*.ipynb"))
SWITCH = {"JUPYTER_DEFAULT_PROVISIONER_NAME": "armsbrief-warm"}


@pytest.fixture(scope="module", autouse=True)
def _server() -> Iterator[None]:
    with serving():
        yield


@pytest.fixture(autouse=True)
def said(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    """What a person was told; each test that falls back must look, or fails."""
    looked = False

    def look() -> list[str]:
        nonlocal looked
        looked = True
        return [r.getMessage() for r in caplog.records if r.name == "armsbrief.warm"]

    yield look
    assert looked or not look()


class OrdinaryManager(AsyncKernelManager):
    """Start ordinary kernels though warm ones are switched on."""

    @property
    def kernel_spec(self) -> Any:
        spec = super().kernel_spec
        spec.metadata["kernel_provisioner"] = {"provisioner_name": "local-provisioner"}
        return spec


async def executed(
    path: Path, cwd: Path, manager: type = AsyncKernelManager, **options: Any
) -> Any:
    notebook = nbformat.read(path, as_version=4)
    cwd.mkdir(exist_ok=True)
    client = NotebookClient(
        notebook, kernel_manager_class=manager, resources={"metadata": {"path": str(cwd)}},
        allow_errors=True, timeout=60, **options,
    )  # fmt: skip
    return await client.async_execute()


def shown(notebook: Any) -> list[Any]:
    """Return all outputs, without what differs between two ordinary runs."""
    text = json.dumps([merged(cell.get("outputs", [])) for cell in notebook.cells])
    text = re.sub(r"ipykernel_\d+/\d+", "ipykernel", text)
    text = re.sub(r"0x[0-9a-f]{6,}", "0x", text)
    return list(json.loads(text))


def merged(outputs: list[Any]) -> list[dict[str, Any]]:
    """Join the pieces of a stream: where it is cut, and how two are woven, is chance."""
    streams: dict[str, dict[str, Any]] = {}
    result = []
    for output in map(dict, outputs):
        if output["output_type"] != "stream":
            result.append(output)
        elif output["name"] in streams:
            streams[output["name"]]["text"] += output["text"]
        else:
            streams[output["name"]] = output
    return [*result, *(streams[name] for name in sorted(streams))]


@contextmanager
def kernel(**options: Any) -> Iterator[tuple[KernelManager, Callable[[str], str]]]:
    """A kernel and a function that runs code in it and returns what it prints."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(**options)
    try:
        with connected(manager) as run:
            yield manager, run
    finally:
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)


@contextmanager
def connected(manager: KernelManager) -> Iterator[Callable[[str], str]]:
    client = manager.client()
    client.start_channels()

    def run(code: str) -> str:
        parts: list[str] = []

        def keep(message: dict[str, Any]) -> None:
            content = message["content"]
            parts.append(content.get("text", "") + content.get("ename", ""))

        client.execute_interactive(textwrap.dedent(code), output_hook=keep, timeout=30)
        return "".join(parts).strip()

    try:
        client.wait_for_ready(timeout=30)
        yield run
    finally:
        client.stop_channels()


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def meeting() -> Meeting:
    return Meeting([sys.executable], os.environ)


def launch(folder: Path, **changes: Any) -> Launch:
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", str(folder / "connection.json")]
    given = {"command": command, "env": dict(os.environ), "cwd": str(folder), "umask": 0o22}
    return Launch(**{**given, **changes})


# The same outputs ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", AWKWARD, ids=lambda path: path.stem)
def test_outputs_are_those_of_an_ordinary_kernel(path: Path, tmp_path: Path) -> None:
    async def both() -> tuple[Any, Any]:
        ordinary = executed(path, tmp_path / "ordinary" / "here", OrdinaryManager)
        warm = executed(path, tmp_path / "warm" / "here", config=prompt())
        return await asyncio.gather(ordinary, warm)

    (tmp_path / "ordinary").mkdir()
    (tmp_path / "warm").mkdir()
    ordinary, warm = asyncio.run(both())
    for number, (expected, found) in enumerate(zip(shown(ordinary), shown(warm), strict=True)):
        equal = found == expected  # pytest would draw the difference of ten megabytes
        assert equal, f"cell {number}: {str(found)[:2000]} instead of {str(expected)[:2000]}"
    assert left_in(tmp_path / "warm") == left_in(tmp_path / "ordinary")


def left_in(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (folder / "here").iterdir()}


def test_the_libraries_are_there_before_the_first_cell() -> None:
    with kernel() as (manager, run):
        assert (
            run("import sys; print('pandas' in sys.modules, 'altair' in sys.modules)")
            == "True True"
        )
        assert isinstance(manager.provisioner.process, WarmProcess)


@pytest.mark.parametrize("for_many", [False, True])
def test_what_one_notebook_uses_is_there_only_where_many_runs_follow(
    monkeypatch: pytest.MonkeyPatch, for_many: bool
) -> None:
    monkeypatch.delenv(FOLDER)
    code = "import sys; print('scipy.stats' in sys.modules, 'ruptures' in sys.modules)"
    with serving(for_many=for_many), kernel() as (manager, run):
        assert run(code) == f"{for_many} {for_many}"
        assert isinstance(manager.provisioner.process, WarmProcess)


def test_environment_is_exactly_what_the_client_asked_for() -> None:
    env = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        "ODD": "ä\udc80=\n",
        "TZ": "Asia/Tokyo",
    }
    kept = {k: v for k, v in os.environ.items() if k.startswith(("LANG", "LC_", "PYTHON"))}
    with kernel(env={**env, **kept}) as (_, run):
        added = {"JPY_PARENT_PID", "MPLBACKEND", "PYDEVD_USE_FRAME_EVAL", "CLICOLOR", "PAGER",
                 "CLICOLOR_FORCE", "FORCE_COLOR", "GIT_PAGER", "TERM"}  # fmt: skip
        names = set(run("import os; print(*os.environ)").split())
        assert names - added == set(env) | set(kept)
        assert run("print(ascii(os.environ['ODD']))") == ascii(env["ODD"])
        assert run("import time; print(time.tzname[0])") == "JST"


def test_what_an_interpreter_reads_as_it_starts_is_obeyed() -> None:
    env = {**os.environ, "PYTHONWARNINGS": "error::UserWarning", "PYTHONHASHSEED": "7"}
    code = "print(hash('arms'))"
    expected = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    with kernel(env=env) as (manager, run):
        assert isinstance(manager.provisioner.process, WarmProcess)
        assert run(code) == expected.stdout.strip()
        assert run("import sys; print(sys.warnoptions)") == "['error::UserWarning']"
        assert run("import warnings; warnings.warn('x')") == "UserWarning"


def test_umask_is_the_clients() -> None:
    before = os.umask(0o077)
    try:
        with kernel() as (_, run):
            assert run("import os; print(oct(os.umask(0)))") == "0o77"
    finally:
        os.umask(before)


def test_our_package_follows_the_kernels_folder(tmp_path: Path) -> None:
    with kernel(env={**os.environ, "ARMSBRIEF_ROOT": str(tmp_path)}) as (_, run):
        assert run("from armsbrief import paths; print(paths.ROOT)") == str(tmp_path.resolve())


@pytest.mark.parametrize(
    ("since", "kept"),
    [("", True), ("known[paths.__file__] = 0, 0", False), ("known['/is/gone.py'] = 0, 0", False)],
    ids=["unchanged", "changed", "removed"],
)
def test_changed_code_of_our_package_is_imported_anew(since: str, kept: bool) -> None:
    code = f"""
        import sys
        from armsbrief import paths
        from armsbrief.warm import preload
        known = preload.own_files()
        {since}
        preload.forget_if_changed(known)
        print("armsbrief.paths" in sys.modules)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(kept)]


# Nothing reaches the next kernel ---------------------------------------------------------------


def test_unseeded_kernels_draw_different_numbers() -> None:
    draw = "import random, numpy, uuid; print(random.random(), numpy.random.rand(), uuid.uuid4())"
    with kernel() as (_, one), kernel() as (_, other):
        assert not set(one(draw).split()) & set(other(draw).split())


def test_monkeypatches_and_globals_stay_in_their_kernel() -> None:
    with kernel() as (_, run):
        run("import pandas, os; pandas.DataFrame.sum = None; pandas.options.display.max_rows = 3")
        run("import builtins; builtins.leak = leak = 1; os.environ['LEAK'] = '1'; os.chdir('/')")
    with kernel() as (_, run):
        run("import pandas, os")
        assert run("print(pandas.DataFrame({'a': [2]}).sum()['a'])") == "2"
        assert run("print(pandas.options.display.max_rows)") == "60"
        assert run("leak") == "NameError"
        assert run("print('LEAK' in os.environ, os.getcwd() == '/')") == "False False"


# The life of a kernel --------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "status"), [("os._exit(3)", 3), ("os.kill(os.getpid(), 9)", -9)])
def test_status_of_a_kernel_that_dies_is_known(code: str, status: int) -> None:
    with kernel() as (manager, _):
        process = manager.provisioner.process
        client = manager.client()
        client.start_channels()
        client.execute(f"import os; {code}")
        wait_until(lambda: not manager.is_alive())
        client.stop_channels()
        assert process.poll() == process.wait() == status
        wait_until(lambda: not psutil.pid_exists(process.pid))


def test_notebook_whose_kernel_dies_says_so(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import os; os._exit(1)")])
    with pytest.raises(DeadKernelError):
        NotebookClient(notebook, kernel_name="python3", config=prompt()).execute()


def test_cell_that_runs_out_of_time_leaves_no_kernel() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("while True: pass")])
    before = servers_children()
    with pytest.raises(CellTimeoutError):
        NotebookClient(notebook, kernel_name="python3", timeout=1).execute()
    wait_until(lambda: servers_children() == before)


def test_interrupt_stops_the_cell_and_its_children_not_the_kernel() -> None:
    with kernel() as (manager, run):
        pid = manager.provisioner.pid
        assert pid == int(run("import os, time; print(os.getpid())"))
        assert os.getpgid(pid) == os.getsid(pid) == pid
        alarm = subprocess.Popen(["sh", "-c", f"sleep 1; kill -INT -{pid}"])
        assert run("time.sleep(20)") == "KeyboardInterrupt"
        alarm.wait()
        alarm = subprocess.Popen(["sh", "-c", f"sleep 1; kill -INT -{pid}"])
        assert run("import subprocess; subprocess.run(['sleep', '20'])") == "KeyboardInterrupt"
        alarm.wait()
        assert run("print('still here')") == "still here"


def test_restart_gives_a_new_kernel() -> None:
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    first = manager.provisioner.pid
    with connected(manager) as run:
        run("x = 1")
    manager.restart_kernel()
    assert manager.provisioner.pid != first
    assert is_gone(first)
    with connected(manager) as run:
        assert run("x") == "NameError"
    manager.shutdown_kernel()


def test_shutdown_interrupts_a_busy_cell(tmp_path: Path) -> None:
    code = """
        import time
        open("busy", "w").close()
        try:
            time.sleep(30)
        except KeyboardInterrupt:
            open("interrupted", "w").close()
    """
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(tmp_path))
    client = manager.client()
    client.start_channels()
    client.execute(textwrap.dedent(code))
    wait_until((tmp_path / "busy").exists)
    manager.shutdown_kernel()
    client.stop_channels()
    assert (tmp_path / "interrupted").exists()


def test_signals_reach_the_kernel() -> None:
    with kernel() as (manager, _):
        manager.signal_kernel(signal.SIGTERM)
        assert manager.provisioner.process.wait() == -signal.SIGTERM


def test_port_that_another_program_took_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    choose, chosen = LocalPortCache.find_available_port, []

    def unlucky(cache: LocalPortCache, ip: str) -> int:
        chosen.append(choose(cache, ip) if chosen else listener.getsockname()[1])
        return int(chosen[-1])

    monkeypatch.setattr(LocalPortCache, "find_available_port", unlucky)
    with socket.create_server(("127.0.0.1", 0)) as listener, kernel() as (manager, run):
        assert run("print(1)") == "1"
        assert isinstance(manager.provisioner.process, WarmProcess)
    assert len(chosen) == 10


def test_folder_that_is_not_there_fails_as_ever(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), kernel(cwd=str(tmp_path / "missing")):
        pass


# Tools -----------------------------------------------------------------------------------------


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's name: 107 letters are all there may be."""
    with tempfile.TemporaryDirectory(prefix="ab-") as folder:
        yield Path(folder)


def papermill_pid(folder: str) -> int:
    path = Path(folder) / f"{os.getpid()}.ipynb"
    cells = [nbformat.v4.new_code_cell("import os, pandas; print(os.getppid())")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    done = papermill.execute_notebook(
        path, None, kernel_name="python3", progress_bar=False, config=prompt()
    )
    return int(done.cells[0].outputs[0].text)


def test_papermill_in_several_processes_shares_one_server(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4, mp_context=get_context("fork")) as pool:
        parents = set(pool.map(papermill_pid, [str(tmp_path)] * 8))
    assert parents == {server().pid}


def test_nbval_uses_it_and_leaves_nothing_behind(tmp_path: Path, short: Path) -> None:
    cells = [nbformat.v4.new_code_cell("import sys\nprint('pandas' in sys.modules)")]
    cells[0].outputs = [nbformat.v4.new_output("stream", name="stdout", text="True\n")]
    cells[0].execution_count = 1
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "one.ipynb")
    env = {**os.environ, **SWITCH, "XDG_RUNTIME_DIR": str(short)}
    env.pop(FOLDER)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "-p", "no:cacheprovider", "one.ipynb"],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert list(short.iterdir()) == []


# The server ------------------------------------------------------------------------------------


def server() -> psutil.Process:
    (found,) = [p for p in psutil.Process().children() if str(meeting().path) in p.cmdline()]
    return found


def servers_children() -> set[int]:
    return {child.pid for child in server().children()}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack("!I", 2**31),
        struct.pack("!I", 100) + b"half",
        frame({}),
        frame({"command": [], "env": {}, "cwd": "/", "umask": 0}),
        frame({"command": "x", "env": {"a=b": "c"}, "cwd": 1, "umask": "0"}),
        struct.pack("!I", 3) + b"[1]",
    ],
    ids=lambda data: repr(data[:24]),
)
def test_nonsense_is_refused_and_the_next_kernel_starts(data: bytes, tmp_path: Path) -> None:
    with meeting().connect() as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(10)
        answer = connection.recv(4096)
    assert not answer or b"refused" in answer
    kill(asyncio.run(started(launch(tmp_path))))


async def started(asked: Launch) -> WarmProcess:
    process = WarmProcess(meeting().connect())
    await process.start(asked)
    return process


def kill(process: WarmProcess) -> None:
    process.kill()
    assert process.wait() == -signal.SIGKILL


def test_descriptors_without_end_are_refused() -> None:
    with meeting().connect() as connection:
        connection.settimeout(10)
        with suppress(ConnectionResetError, BrokenPipeError):  # closed on us, sooner or later
            for _ in range(3):
                socket.send_fds(connection, [b"\x00"], [0, 1, 2])
            assert connection.recv(4096) == b""


def test_fifty_launches_in_a_row_leave_no_descriptor_and_no_process(tmp_path: Path) -> None:
    kill(asyncio.run(started(launch(tmp_path))))
    files = server().num_fds()
    for number in range(50):
        folder = tmp_path / str(number)
        folder.mkdir()
        kill(asyncio.run(started(launch(folder))))
    wait_until(lambda: server().num_fds() == files)
    assert servers_children() == set()


def test_several_launches_at_once_give_several_kernels(tmp_path: Path) -> None:
    async def many() -> list[WarmProcess]:
        return await asyncio.gather(*(started(launch(folder)) for folder in folders))

    folders = [tmp_path / str(number) for number in range(8)]
    for folder in folders:
        folder.mkdir()
    processes = asyncio.run(many())
    assert len({process.pid for process in processes}) == 8
    for process in processes:
        kill(process)


def test_client_that_waits_in_silence_holds_up_nobody(tmp_path: Path) -> None:
    with meeting().connect() as silent:
        silent.send(b"\x00\x00")
        kill(asyncio.run(started(launch(tmp_path))))


def test_kernel_that_cannot_start_reports_its_status(tmp_path: Path) -> None:
    (tmp_path / "connection.json").write_text("no JSON")
    process = asyncio.run(started(launch(tmp_path)))
    assert process.wait() == 1


def test_threads_at_the_fork_mean_ordinary_kernels(
    tmp_path: Path, said: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("armsbrief.warm.provisioner._given_up", set())
    monkeypatch.setattr("armsbrief.warm.session._said", set())
    code = (
        "import threading as t, time\nt.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    )
    (tmp_path / "sitecustomize.py").write_text(code)
    for _ in range(2):
        with kernel(env={**os.environ, "PYTHONPATH": str(tmp_path)}) as (manager, run):
            assert run("print(1)") == "1"
            assert not isinstance(manager.provisioner.process, WarmProcess)
    (message,) = said()
    assert "threads that a fork would lose" in message


def test_shared_folder_means_ordinary_kernels(
    tmp_path: Path, said: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("armsbrief.warm.provisioner._given_up", set())
    monkeypatch.setattr("armsbrief.warm.session._said", set())
    monkeypatch.setenv(FOLDER, str(tmp_path))
    tmp_path.chmod(0o755)
    with kernel() as (manager, _):
        assert not isinstance(manager.provisioner.process, WarmProcess)
    (message,) = said()
    assert "not private" in message


def test_without_fork_it_says_so_once_and_uses_ordinary_kernels(
    said: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("armsbrief.warm.provisioner._given_up", set())
    monkeypatch.setattr("armsbrief.warm.session._said", set())
    monkeypatch.setattr("armsbrief.warm.session.sys.platform", "darwin")
    with serving(), serving(), kernel() as (manager, _):
        assert not isinstance(manager.provisioner.process, WarmProcess)
    (message,) = said()
    assert "darwin" in message


@pytest.mark.skipif(os.getuid() != 0, reason="only root can play another user")
def test_another_user_cannot_connect() -> None:
    code = f"import socket; socket.socket(socket.AF_UNIX).connect({str(meeting().path)!r})"
    done = subprocess.run(
        ["/usr/bin/env", "python3", "-c", code], user=65534, group=65534, extra_groups=[], cwd="/",
        env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "PermissionError" in done.stderr


# The end ---------------------------------------------------------------------------------------

CLIENT = """
    import json, os, sys, time
    from pathlib import Path
    from jupyter_client.manager import KernelManager
    from armsbrief.warm import serving

    def kernel():
        manager = KernelManager(kernel_name="python3")
        manager.start_kernel()
        return manager

    with serving():
        manager = kernel()
        print(json.dumps([os.environ["ARMSBRIEF_WARM"], manager.provisioner.pid]), flush=True)
        sys.stdin.read()
        manager.shutdown_kernel()
"""


@contextmanager
def client() -> Iterator[tuple[subprocess.Popen[str], Path, int, int]]:
    """A program of its own with a server and a kernel; yields folder, server and kernel too."""
    env = {name: value for name, value in os.environ.items() if name != FOLDER}
    program = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CLIENT)], env=env, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert program.stdout
        folder, kernel_pid = json.loads(program.stdout.readline())
        yield program, Path(folder), psutil.Process(kernel_pid).ppid(), kernel_pid
    finally:
        program.kill()
        program.communicate()


def test_nothing_is_left_when_the_client_ends() -> None:
    with client() as (program, folder, server_pid, kernel_pid):
        program.communicate("")
        assert program.returncode == 0
        assert is_gone(kernel_pid)
        assert is_gone(server_pid)
        assert not folder.exists()


def test_nothing_is_left_when_the_client_is_killed() -> None:
    with client() as (program, folder, server_pid, kernel_pid):
        program.kill()
        wait_until(lambda: is_gone(kernel_pid) and is_gone(server_pid) and not folder.exists())


def test_kernels_end_with_a_server_that_is_killed_and_the_client_knows() -> None:
    with client() as (program, folder, server_pid, kernel_pid):
        os.kill(server_pid, signal.SIGKILL)
        wait_until(lambda: is_gone(kernel_pid))
        program.communicate("")
        assert program.returncode == 0
        assert not folder.exists()


def test_a_killed_server_is_replaced(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    with kernel() as (_, run):
        first = int(run("import os; print(os.getppid())"))
    os.kill(first, signal.SIGKILL)
    with kernel() as (manager, run):
        assert isinstance(manager.provisioner.process, WarmProcess)
        second = int(run("import os; print(os.getppid())"))
    assert second != first
    os.kill(second, signal.SIGTERM)
    wait_until(lambda: list(short.iterdir()) == [])


def test_nothing_is_left_when_the_client_is_killed_while_the_server_imports(short: Path) -> None:
    code = """
        import os, time
        from armsbrief.warm import serving
        with serving():
            print(flush=True)
            time.sleep(60)
    """
    env = {name: value for name, value in os.environ.items() if name != FOLDER}
    program = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE,
        env={**env, "TMPDIR": str(short)},
    )  # fmt: skip
    assert program.stdout
    program.stdout.readline()
    (child,) = psutil.Process(program.pid).children()
    assert len(list(short.iterdir())) == 1
    program.kill()
    program.communicate()
    wait_until(lambda: is_gone(child.pid) and list(short.iterdir()) == [])


# The words -------------------------------------------------------------------------------------


def test_messages_survive_any_cut() -> None:
    messages = [{"pid": 1}, {"env": {"odd": "ä\udc80\n"}}, {"exit": -9}]
    data = b"".join(map(frame, messages))
    for size in (1, 3, len(data)):
        reader = Reader()
        pieces = [data[i : i + size] for i in range(0, len(data), size)]
        assert [message for piece in pieces for message in reader.feed(piece)] == messages


def test_launch_with_an_unknown_part_is_malformed(tmp_path: Path) -> None:
    with pytest.raises(MalformedError, match="extra"):
        Launch.checked({**launch(tmp_path).message(), "extra": 1})
    assert issubclass(MalformedError, WarmError)
