"""Reading tar streams: ustar, PAX, GNU, without I/O."""
