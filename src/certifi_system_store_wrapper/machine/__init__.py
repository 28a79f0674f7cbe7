"""What the operating system is asked: who owns a place, where places are, signals, OpenSSL."""
