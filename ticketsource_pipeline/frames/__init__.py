"""From JSON objects to typed frames: pure functions that know no HTTP and no Dagster."""
