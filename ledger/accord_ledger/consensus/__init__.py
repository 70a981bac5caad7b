"""Simplex consensus without I/O: inputs in, effects out (DESIGN.md section 4).

``core`` holds the state machine under its own theory of operation; ``inputs`` and ``effects`` are all
that passes its boundary. Nothing here reads a clock, draws a number, signs, executes or does I/O.
"""
