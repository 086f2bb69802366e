"""Games of chance: odds, players and the law of large numbers."""

from fourfold.methods.gambling.games import from_table, game
from fourfold.methods.gambling.odds import (
    ahead,
    can_follow,
    can_list_sums,
    enough_rounds,
    rounds_needed,
    ruin,
    sums,
)
from fourfold.methods.gambling.players import (
    Stakes,
    bins,
    checks,
    edge,
    play,
    share,
    share_ahead,
    share_ruined,
)
