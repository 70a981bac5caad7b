"""Durable storage: the log as flat files (the source of truth) and SQLite that can be rebuilt from it.

Finalisation writes in this order: log files synced, then one database transaction (state, index,
certificate and floor together), then publication. At start, log files beyond the floor are cut off.
"""
