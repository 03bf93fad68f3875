"""SpiderNet in small: search, random splits and a network made by hand, with the same budget."""
