"""Which model is used under a name: its conditions, the comparison with the champion, decisions."""

from fourfold.promotion.decide import weigh
from fourfold.promotion.gate import in_words
