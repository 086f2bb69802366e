"""What counts as the same: numbers, tables, records, figures and text."""
