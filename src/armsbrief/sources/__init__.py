"""Readers of the raw public files, and the tables derived from them.

One module per publisher. A reader (`read_…`) knows the quirks of a file; a
derivation (`derive_…`) is a pure function from the raw frame to a table of
`data/tables/`. `checks` holds the assertions they share.
"""
