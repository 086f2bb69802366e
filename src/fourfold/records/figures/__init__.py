"""The data behind a figure, so that it can be compared without looking at pixels."""
