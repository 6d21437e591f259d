"""What must be true of the data: rules over the stored Parquet, and their faces as asset checks."""
