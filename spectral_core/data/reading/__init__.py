"""Files and frames as tables of columns: separators, encodings, headers, formats."""
