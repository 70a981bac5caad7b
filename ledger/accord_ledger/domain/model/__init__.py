"""What the state holds, by subject. Values that change over time carry from/until."""
