"""References, and the test that executes them again and compares."""
