"""Short routes through places: heuristics, Lin-Kernighan, and bounds that prove them."""

from fourfold.methods.routes.bounds import held_karp, optimum
from fourfold.methods.routes.countries import draw_countries
from fourfold.methods.routes.heuristics import (
    anneal,
    greedy,
    length,
    nearest_neighbour,
    or_opt,
    random_order,
)
from fourfold.methods.routes.lin_kernighan import improve
from fourfold.methods.routes.one_way import improve_one_way
from fourfold.methods.routes.places import from_coordinates, from_matrix, neighbours, with_open_end
