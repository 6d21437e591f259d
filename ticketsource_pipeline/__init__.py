"""TicketSource sales as partitioned Parquet, fetched and proven by Dagster."""
