"""Media files written byte by byte: JPEG, PNG, HEIC, QuickTime, DNG, property lists."""
