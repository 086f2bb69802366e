"""Choosing a platform by weighted criteria that nobody knows exactly."""

from fourfold.methods.platform.acceptability import dominated, doubts, draw, tipping
from fourfold.methods.platform.scorecard import read_decision
