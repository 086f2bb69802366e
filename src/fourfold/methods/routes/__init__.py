"""Short routes through places: heuristics, Lin-Kernighan, and bounds that prove them."""

from fourfold.methods.routes.bounds import held_karp as held_karp
from fourfold.methods.routes.bounds import optimum as optimum
from fourfold.methods.routes.heuristics import anneal as anneal
from fourfold.methods.routes.heuristics import greedy as greedy
from fourfold.methods.routes.heuristics import length as length
from fourfold.methods.routes.heuristics import nearest_neighbour as nearest_neighbour
from fourfold.methods.routes.heuristics import or_opt as or_opt
from fourfold.methods.routes.heuristics import random_order as random_order
from fourfold.methods.routes.lin_kernighan import improve as improve
from fourfold.methods.routes.one_way import improve_one_way as improve_one_way
from fourfold.methods.routes.places import from_coordinates as from_coordinates
from fourfold.methods.routes.places import from_matrix as from_matrix
from fourfold.methods.routes.places import neighbours as neighbours
from fourfold.methods.routes.places import with_open_end as with_open_end
