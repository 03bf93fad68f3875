"""What `python -m benchmarks search_quality` is made of: tables, methods, jobs, and the table of results."""
