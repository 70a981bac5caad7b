"""Figures of this machine, each beside the bound measured in the same run (``python -m bench``)."""
