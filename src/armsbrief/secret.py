"""Keep the user's tokens out of notebooks: they need none, for they touch no network.

A list of what may pass would be stricter, but libraries read variables that we
do not know (of threads, of fonts, of locales), and a notebook would then give
other results than an ordinary kernel. So everything passes but what is named
like a secret, or belongs to a service that asks for one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_NAMED_SO = re.compile(
    r"TOKEN|SECRET|PASSW|CREDENTIAL|COOKIE|(^|_)(API|ACCESS|PRIVATE|AUTH)_?KEY|_KEY$|_PAT$|_AUTH$|"
    r"^(ACLED|UCDP|HDX|GITHUB|GH|ACTIONS|AWS|AZURE|GOOGLE|GCP|NPM|PYPI|TWINE|OPENAI|HF)_|"
    r"^SSH_AUTH_SOCK$|^(HTTP|HTTPS|ALL|FTP)_PROXY$",
    re.IGNORECASE,
)


def is_secret(name: str) -> bool:
    """Tell whether an environment variable looks like one that opens something."""
    return bool(_NAMED_SO.search(name))


def without(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without what looks like a secret."""
    return {name: value for name, value in environment.items() if not is_secret(name)}


@contextmanager
def kept_back() -> Iterator[None]:
    """Take secrets out of this process's environment for a while: no child inherits them."""
    taken = {name: os.environ.pop(name) for name in list(os.environ) if is_secret(name)}
    try:
        yield
    finally:
        os.environ.update(taken)
