"""The whole story of one credential, from the approval of its programme on, every step proved."""
