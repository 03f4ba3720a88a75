"""Writing and reading EROFS images whose file data lies elsewhere."""
