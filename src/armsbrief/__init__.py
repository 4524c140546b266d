"""A policy brief whose every number is computed in front of the reader."""

__version__ = "0.1.0"
