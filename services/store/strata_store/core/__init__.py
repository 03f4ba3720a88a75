"""What the store knows without touching anything: the tar format, trees of files, the EROFS layout, accounts."""
