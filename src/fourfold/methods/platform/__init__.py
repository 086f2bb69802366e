"""Choosing a platform by weighted criteria that nobody knows exactly."""

from fourfold.methods.platform.acceptability import dominated as dominated
from fourfold.methods.platform.acceptability import doubts as doubts
from fourfold.methods.platform.acceptability import draw as draw
from fourfold.methods.platform.acceptability import tipping as tipping
from fourfold.methods.platform.scorecard import read_decision as read_decision
