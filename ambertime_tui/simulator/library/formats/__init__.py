"""Writers of media files: JPEG, PNG, HEIC, QuickTime, DNG, property lists."""
