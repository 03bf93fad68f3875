"""Printers of JavaScript: modules for web pages and Node."""
