"""What people look at: a page for each run, one for all, tables and PDFs."""
