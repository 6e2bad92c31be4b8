"""Writing assets: names, part files, read-back, existing files, and the commit step."""
