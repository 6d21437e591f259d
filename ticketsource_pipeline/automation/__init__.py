"""When things run: jobs, and later what starts them."""
