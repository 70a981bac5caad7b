"""One module per command of ``accord``; each has a ``command``, and its name is the command's name."""
