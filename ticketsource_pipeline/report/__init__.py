"""The sales report: frames of the marts in, one self-contained HTML page out."""
