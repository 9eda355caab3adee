"""Reports as files: pages to print, and JSON."""
