"""Notebook kernels that start with the libraries already imported.

An ordinary kernel spends seconds on `import pandas, altair`. Here one *server*
process imports them once, and each kernel is a fork of it: a real ipykernel,
offered to Jupyter as a standard kernel provisioner, so papermill, nbval and
Jupyter Book use it unchanged. Switch it on with `serving()`, or for any
program with `JUPYTER_DEFAULT_PROVISIONER_NAME=armsbrief-warm`.

The way of a kernel: `provisioner` asks through `meeting` (the private socket)
in the words of `protocol`; `server` forks, `kernel` turns the fork into what an
ordinary kernel is, `process` is what the client holds of it.

What differs from ordinary kernels, besides time: without PYTHONHASHSEED all
kernels of one server share one hash seed, and resource limits are those of the
program that started the server.
"""

from armsbrief.warm.session import serving

__all__ = ["serving"]
