"""A bundle becomes a file: a temporary, a persistent one, or one in memory."""
