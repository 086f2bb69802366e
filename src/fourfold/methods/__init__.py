"""What templates call, a package for each kind of question."""
