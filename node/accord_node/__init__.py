"""The node process: the only place in Accord that owns time, sockets, disk and threads."""
