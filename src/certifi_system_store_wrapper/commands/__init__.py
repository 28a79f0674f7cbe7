"""What the command line can do, one file each; nothing of it is loaded by import certifi."""
