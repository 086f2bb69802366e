"""Whether a model in use still fits the rows that come in."""

from fourfold.methods.monitoring.again import gain
from fourfold.methods.monitoring.in_use import in_use
from fourfold.methods.monitoring.performance import UNKNOWN, decide, rise
