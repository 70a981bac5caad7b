"""Questions over HTTP: every question of ``accord_ledger.domain.questions`` has an address of its own."""
