"""The ``accord`` command: one root that finds its commands and shows every failure in one place."""
