"""Check the locked packages for known vulnerabilities, and say which could not be checked.

pip-audit ends well, with "no known vulnerabilities", also where its service knew none of the
packages or could not be reached. What was not checked is not known to be sound: it is counted here.
Ends with 1 only if a vulnerability is known.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
LOCK = "requirements.txt"


def asked(program: Path) -> dict[str, Any] | None:
    """Return what pip-audit knows of the locked packages; None where it could not ask."""
    ran = subprocess.run(
        [str(program), "--requirement", LOCK, "--disable-pip", "--require-hashes",
         "--progress-spinner", "off", "--format", "json"],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        found: dict[str, Any] = json.loads(ran.stdout)
    except ValueError:
        print(ran.stderr.strip(), file=sys.stderr)
        return None
    return found


def told(found: dict[str, Any] | None) -> tuple[list[str], int]:
    """Return the lines to print, and the status to end with.

    Parameters
    ----------
    found : dict or None
        The answer of pip-audit: `dependencies`, each with `name` and either
        `version` and `vulns` or `skip_reason`.
    """
    if found is None:
        return ["Vulnerabilities: the service could not be asked; nothing was checked."], 0
    packages = found["dependencies"]
    checked = [package for package in packages if "skip_reason" not in package]
    lines = [
        f"{package['name']} {package['version']}: {flaw['id']}, mended in "
        f"{', '.join(flaw['fix_versions']) or 'no version yet'}"
        for package in checked for flaw in package["vulns"]
    ]  # fmt: skip
    count = f"Vulnerabilities: {len(checked)} of {len(packages)} packages were checked"
    if lines:
        return [*lines, f"{count}; {len(lines)} are known.", "  Next: make lock"], 1
    if not checked:
        return [f"Vulnerabilities: none of the {len(packages)} packages is known to the service; "
                "nothing was checked."], 0  # fmt: skip
    left = len(packages) - len(checked)
    rest = f" {left} are unknown to the service, and may or may not be sound." if left else ""
    return [f"{count}; none is known.{rest}"], 0


def main() -> None:
    """Print what is known and end accordingly."""
    lines, status = told(asked(Path(sys.argv[1])))
    print("\n".join(lines))
    sys.exit(status)


if __name__ == "__main__":
    main()
