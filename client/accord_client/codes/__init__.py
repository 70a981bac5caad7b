"""What every stable code means and what to do about it, in English and Chinese, in one place.

The texts are data (``texts/*.toml``); the command line, the HTTP interface and ``docs/errors.md`` take them
from :mod:`accord_client.codes.catalogue`. A test compares them with the codes that the sources give.
"""
