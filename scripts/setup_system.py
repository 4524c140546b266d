"""Install what pip cannot: the text-layout library of the PDF, and browser tools for the tests.

Run by the Makefile. Does nothing where the thing is there already; otherwise
installs it (apt-get as root, or the browser that Playwright offers) or says
which command to type.
"""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

TOOLS = Path(__file__).parents[1] / "tests" / "browser"
PANGO = ["libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"]


def stop(what: str, command: str) -> None:
    """End with a message that says what is missing and what to type."""
    sys.exit(f"set-up: {what}\n  Next: {command}")


def apt_install(packages: list[str]) -> bool:
    """Install Debian packages; False where that is not possible here."""
    if os.name != "posix" or shutil.which("apt-get") is None or os.geteuid() != 0:
        return False
    print("set-up: installing", *packages, flush=True)
    quiet = {"stdout": subprocess.DEVNULL, "check": False}
    subprocess.run(["apt-get", "update", "-qq"], **quiet)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    return subprocess.run(command, env=environment, **quiet).returncode == 0


def python() -> None:
    """Check the interpreter that the virtual environment is made from."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 14):
        found = ".".join(map(str, sys.version_info[:2]))
        stop(f"Python 3.11 to 3.14 is needed, this is {found}.", "make PYTHON=python3.11 brief")
    missing = any(importlib.util.find_spec(name) is None for name in ("venv", "ensurepip"))
    if missing and not apt_install(["python3-venv"]):
        stop("Python's venv module is missing.", "apt-get install python3-venv")


def pdf() -> None:
    """Make sure that WeasyPrint finds Pango."""
    if ctypes.util.find_library("pango-1.0") or apt_install(PANGO):
        return
    if sys.platform == "darwin":
        stop("Pango is missing, so no PDF can be made.", "brew install pango")
    if os.name == "nt":
        stop("Pango is missing, so no PDF can be made.", "install GTK for Windows (MSYS2: pango)")
    stop("Pango is missing, so no PDF can be made.", f"sudo apt-get install {' '.join(PANGO)}")


def browser() -> None:
    """Make sure that the tests find a Chromium and, for it, Lighthouse and axe-core."""
    chromium()
    lighthouse()


def lighthouse() -> None:
    """Install Lighthouse and axe-core, as pinned, into the folder of the browser tests."""
    lock, made = (TOOLS / name for name in ("package-lock.json", "node_modules/.package-lock.json"))
    if made.exists() and made.stat().st_mtime >= lock.stat().st_mtime:
        return
    if shutil.which("npm") is None and not apt_install(["nodejs", "npm"]):
        stop("Node.js 18.20 or newer with npm is needed for the page tests.",
             "sudo apt-get install nodejs npm")  # fmt: skip
    print("set-up: installing Lighthouse and axe-core", flush=True)
    install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if subprocess.run(install, cwd=TOOLS, check=False).returncode:
        stop("Lighthouse could not be installed.", "cd tests/browser && npm ci --ignore-scripts")
    made.touch()


def chromium() -> None:
    """Find a Chromium: the system's, or else Playwright's."""
    if any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        return
    if apt_install(["chromium"]):
        return
    fetch = [sys.executable, "-m", "playwright", "install", "chromium"]
    if subprocess.run(fetch, check=False).returncode:
        stop("no Chromium for the page tests.", "sudo apt-get install chromium")


if __name__ == "__main__":
    {"python": python, "pdf": pdf, "browser": browser}[sys.argv[1]]()
