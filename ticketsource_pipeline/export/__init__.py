"""Datasets for those who live in spreadsheets: rows in, CSV and workbooks of Excel out."""
