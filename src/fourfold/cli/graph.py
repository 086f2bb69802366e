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
    follows: dict[str, dict[str, dict[str, None]]] = {}
    for spec in specs:
        own = follows.setdefault(spec.config, {})
        for name in spec.after:
            own.setdefault(name.partition("/")[0], {})
        for name, verdicts in spec.when.items():
            own[name.partition("/")[0]][f"when … {' or '.join(verdicts)}"] = None
        for artifact in map(read_artifact, artifacts_in(dict(spec.parameters))):
            own[artifact.config][f"takes {artifact.name} of …"] = None
    if not any(follows.values()):
        return None
    whole = Tree("order:", guide_style="dim", highlight=False)
    places: dict[str, tuple[int, Tree]] = {}
    above = {name: own.keys() - {name} for name, own in follows.items()}
    for name in TopologicalSorter(above).static_order():
        if not above[name] and not any(name in each for each in above.values()):
            continue
        last = max(sorted(above[name]), key=lambda other: places[other][0], default="")
        depth, tree = places[last] if last else (0, whole)
        words = [
            text.replace(" of …", "").replace(" …", "")
            if other == last
            else text.replace("…", other)
            for other, texts in follows[name].items()
            for text in texts or ([] if other == last else ["after …"])
        ]
        words += [] if name in batch else ["not in this batch"]
        label = Text(name).append(f"  {', '.join(words)}" if words else "", style="dim")
        places[name] = depth + 1, tree.add(label)
    return whole
