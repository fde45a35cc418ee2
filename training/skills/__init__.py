"""What is asked, thought and answered: one module per group of families, behind one contract."""
