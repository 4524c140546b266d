"""Where the services are, how patient we are with them, and what they must not see."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from armsbrief import paths
from armsbrief.errors import ArmsbriefError

BASES = {
    "ucdp": "https://ucdp.uu.se/downloads",
    "ucdp-api": "https://ucdpapi.pcr.uu.se/api",
    "worldbank": "https://api.worldbank.org/v2",
    "hapi": "https://hapi.humdata.org/api/v2",
    "hdx": "https://data.humdata.org",
    "acled": "https://acleddata.com",
}
# What a person may put into the environment, and what it is for.
SECRETS = {
    "ARMSBRIEF_UCDP_TOKEN": "token sent by UCDP; without it the bulk files are used",
    "ARMSBRIEF_HDX_APP": "name:e-mail of the application; without it the files of HDX are used",
    "ARMSBRIEF_ACLED_USER": "e-mail address of your ACLED account",
    "ARMSBRIEF_ACLED_PASSWORD": "password of your ACLED account",
}
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Limits:
    """How long we wait and how much we take. Seconds and bytes."""

    connect: float = 10
    read: float = 90  # UCDP's service takes that long for a page
    total: float = 1800
    retries: int = 4
    backoff: float = 1
    longest_wait: float = 120  # a server that asks for more is asked again another day
    size: int = 2**30
    redirects: int = 5


@dataclass(frozen=True)
class Settings:
    """One refresh's surroundings.

    Attributes
    ----------
    bases : mapping
        Base address of each service.
    secrets : mapping
        Tokens and passwords by the name of their variable; never shown.
    limits : Limits
    today : date
    store : pathlib.Path
        Folder for downloads that may be continued or used again.
    """

    bases: Mapping[str, str] = field(default_factory=lambda: dict(BASES))
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    limits: Limits = field(default_factory=Limits)
    today: date = field(default_factory=date.today)
    store: Path = field(default_factory=lambda: paths.BUILD / "downloads")

    def __post_init__(self) -> None:
        for name, base in self.bases.items():
            _require_safe(name, base)

    @classmethod
    def from_environment(cls) -> Settings:
        """Read secrets, and addresses such as ``ARMSBRIEF_BASE_UCDP``, from the environment."""
        bases = {
            name: os.environ.get(f"ARMSBRIEF_BASE_{name.upper().replace('-', '_')}", base)
            for name, base in BASES.items()
        }
        return cls(bases, {name: os.environ[name] for name in SECRETS if os.environ.get(name)})

    def secret(self, name: str) -> str | None:
        """Return a secret, if there is one."""
        return self.secrets.get(name)

    def redact(self, text: str) -> str:
        """Blot out every secret in a text that a person or a file will see."""
        for value in self.secrets.values():
            for form in (value, base64.b64encode(value.encode()).decode()):
                text = text.replace(form, "•••")
        return text


def is_loopback(address: str) -> bool:
    """Tell whether an address is on this machine."""
    return urlsplit(address).hostname in _LOOPBACK


def _require_safe(name: str, base: str) -> None:
    parts = urlsplit(base)
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(base))
    if not secure or not parts.hostname or parts.username or parts.password:
        raise ArmsbriefError(
            f"the address of {name} is to be {parts.scheme}://{parts.hostname or ''}…; expected "
            "https:// and a host, without user or password.",
            f"unset ARMSBRIEF_BASE_{name.upper().replace('-', '_')}",
        )
