"""Members that break the rules, one kind in each file."""
