"""Notebooks run without what opens something."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from armsbrief import execute, secret

OPENS = ["ACLED_KEY", "ACLED_EMAIL", "UCDP_TOKEN", "GITHUB_TOKEN", "GH_TOKEN", "AWS_SECRET_ACCESS_KEY", "MY_PASSWORD",
         "API_KEY", "DB_PASSWD", "HF_TOKEN", "NPM_TOKEN", "SSH_AUTH_SOCK", "GITLAB_PAT", "https_proxy", "HTTP_PROXY",
         "SESSION_COOKIE", "TWINE_PASSWORD", "OPENAI_API_KEY", "PRIVATE_KEY", "GOOGLE_APPLICATION_CREDENTIALS"]  # fmt: skip
HARMLESS = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "PYTHONHASHSEED", "OMP_NUM_THREADS", "ARMSBRIEF_ROOT", "TERM",
            "ARMSBRIEF_TRACE", "JPY_PARENT_PID", "JUPYTER_PATH", "VIRTUAL_ENV", "SOURCE_DATE_EPOCH", "MONKEY"]  # fmt: skip


@pytest.mark.parametrize("name", OPENS)
def test_what_opens_something_is_kept_back(name: str) -> None:
    assert secret.without({name: "x"}) == {}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_libraries_read_passes(name: str) -> None:
    assert secret.without({name: "x"}) == {name: "x"}


def test_a_notebook_does_not_see_them_and_this_process_keeps_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACLED_KEY", "do-not-tell")
    cell = new_code_cell("import os; 'ACLED_KEY' in os.environ, 'PATH' in os.environ")
    notebook = new_notebook(cells=[cell])
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    nbformat.write(notebook, tmp_path / "asks.ipynb")
    execute.run_one(tmp_path / "asks.ipynb", {}, tmp_path / "asked.ipynb")
    [ran] = nbformat.read(tmp_path / "asked.ipynb", as_version=4).cells
    assert ran.outputs[0]["data"]["text/plain"] == "(False, True)"
    assert os.environ["ACLED_KEY"] == "do-not-tell"
