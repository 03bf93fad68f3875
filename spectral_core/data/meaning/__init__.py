"""What the cells of a column mean: numbers, dates, booleans, text, missing values."""
