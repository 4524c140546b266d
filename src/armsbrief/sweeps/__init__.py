"""Sweeps: the notebooks run over a grid of parameters, and one tidy table of what they found.

`grid` says which sets of parameters, `runner` runs one notebook with one of
them wherever a worker is, `journal` keeps what is finished, `tidy` writes the
table. `armsbrief.sweep` puts them together.
"""
