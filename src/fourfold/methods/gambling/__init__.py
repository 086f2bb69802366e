"""Games of chance: odds, players and the law of large numbers."""

from fourfold.methods.gambling.games import from_table as from_table
from fourfold.methods.gambling.games import game as game
from fourfold.methods.gambling.odds import ahead as ahead
from fourfold.methods.gambling.odds import can_follow as can_follow
from fourfold.methods.gambling.odds import can_list_sums as can_list_sums
from fourfold.methods.gambling.odds import enough_rounds as enough_rounds
from fourfold.methods.gambling.odds import rounds_needed as rounds_needed
from fourfold.methods.gambling.odds import ruin as ruin
from fourfold.methods.gambling.odds import sums as sums
from fourfold.methods.gambling.players import Stakes as Stakes
from fourfold.methods.gambling.players import bins as bins
from fourfold.methods.gambling.players import checks as checks
from fourfold.methods.gambling.players import edge as edge
from fourfold.methods.gambling.players import play as play
from fourfold.methods.gambling.players import share as share
from fourfold.methods.gambling.players import share_ahead as share_ahead
from fourfold.methods.gambling.players import share_ruined as share_ruined
