"""Whatever a source does wrong, nothing changes, and a person is told what to do."""

from __future__ import annotations

import re
import shutil
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from faults import CASES, PATHS, STALLS
from services import Server
from small import CALM, SECRETS, SHORT, Ran, command, settings, small_brief

from armsbrief.staging import state


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_brief(tmp_path_factory.mktemp("small") / "brief")


@pytest.fixture
def root(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "brief"))


def served(server: Server) -> Iterator[Server]:
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    yield server
    server.stop.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    yield from served(Server())


@pytest.fixture(scope="module")
def untrusted() -> Iterator[Server]:
    """A server with a certificate that no authority signed."""
    server = Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.scheme = "https"
    yield from served(server)


def require_refusal(ran: Ran, shows: str, said: str, root: Path, before: dict[str, str]) -> None:
    told = ran.complained
    assert ran.code == 1, ran.said + told
    assert told.startswith(f"armsbrief: {shows}"), told
    assert re.search(said, told, re.S), told
    assert re.search("[Ee]xpected", told), told
    assert "Nothing was changed" in told
    assert "\n  Next: " in told
    assert "Traceback" not in told
    assert state(root / "data") == before
    assert {path.name for path in root.iterdir()} <= {"data", "_build", "_toc.yml"}
    assert not list((root / "_build" / "refresh").glob("*"))
    for secret in SECRETS.values():
        assert secret not in ran.said + told


def test_there_are_at_least_forty_cases_for_each_path() -> None:
    assert {name: len(path.cases) >= 40 for name, path in PATHS.items()} == dict.fromkeys(
        PATHS, True
    )


@pytest.mark.parametrize(("name", "case"), CASES, ids=[f"{p}: {c}" for p, c in CASES])
def test_a_source_that_misbehaves_changes_nothing(
    server: Server, root: Path, name: str, case: str
) -> None:
    path = PATHS[name]
    fault, said = path.cases[case]
    server.fault = (path.under, fault)
    given = settings(server, root, SHORT if case in STALLS else CALM,
                     **{name: SECRETS[name] for name in path.secrets})  # fmt: skip
    before = state(root / "data")
    require_refusal(command(root, given, "refresh", "--quick", path.source), path.shows, said, root,
                    before)  # fmt: skip


@pytest.mark.parametrize("name", PATHS)
def test_a_server_without_a_certificate_that_can_be_trusted_gets_nothing(
    untrusted: Server, root: Path, name: str
) -> None:
    path = PATHS[name]
    secrets = {name: SECRETS[name] for name in path.secrets}
    before = state(root / "data")
    ran = command(
        root, settings(untrusted, root, CALM, **secrets), "refresh", "--quick", path.source
    )
    require_refusal(ran, path.shows, "certificate cannot be trusted", root, before)
    assert untrusted.asked == []
