"""The datasets as SQL's tables: views, the file that holds them, and queries that only read."""
