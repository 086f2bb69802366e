"""The order of runs that follow runs, as a drawing."""

from collections.abc import Collection, Sequence
from graphlib import TopologicalSorter

from rich.text import Text
from rich.tree import Tree

from fourfold.data.artifacts import artifacts_in, read_artifact
from fourfold.plan.spec import RunSpec


def drawing(specs: Sequence[RunSpec], batch: Collection[str]) -> Tree | None:
    """Return the configs below those that they follow, as a tree; None if none follows another.

    One that follows several stands below the one that comes last, and names the others.
    """
    follows: dict[str, dict[str, list[str]]] = {}
    for spec in specs:
        own = follows.setdefault(spec.config, {})
        for name in spec.after:
            own.setdefault(name.partition("/")[0], [])
        for name, verdicts in spec.when.items():
            own[name.partition("/")[0]].append(f"when {' or '.join(verdicts)}")
        for artifact in map(read_artifact, artifacts_in(dict(spec.parameters))):
            own[artifact.config].append(artifact.name)
    if not any(follows.values()):
        return None
    whole = Tree("order:", guide_style="dim", highlight=False)
    places: dict[str, tuple[int, Tree]] = {}
    order = TopologicalSorter({n: own.keys() - {n} for n, own in follows.items()}).static_order()
    for name in order:
        own = {other: list(dict.fromkeys(words)) for other, words in follows[name].items()}
        above = max(own.keys() - {name}, key=lambda other: places[other][0], default=None)
        depth, tree = places[above] if above else (0, whole)
        if not own and not any(name in each for each in follows.values()):
            continue
        words = [", ".join(own.pop(above))] if above else []
        words += [f"also {other}{': ' * bool(w)}{', '.join(w)}" for other, w in own.items()]
        words += [] if name in batch else ["not in this batch"]
        label = Text(name)
        label.append("".join(f"  {each}" for each in words if each), style="dim")
        places[name] = depth + 1, tree.add(label)
    return whole
