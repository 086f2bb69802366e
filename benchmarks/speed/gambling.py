"""How long 10,000 players of 10,000 rounds take, and how much memory: whole processes.

``python benchmarks/speed/gambling.py`` plays a few games in a new process each, import of the
library and reading of compiled code included; the first one without compiled code. Every figure is
kept in ``outputs/benchmarks/gambling.json``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

from measure import keep

PLAYERS = ROUNDS = 10_000
WAYS = (
    ("roulette_red_38", "flat", "inf"),
    ("roulette_number_38", "flat", "inf"),
    ("slot", "flat", "inf"),
    ("roulette_red_38", "martingale", "1000"),
    ("roulette_red_38", "fraction", "1000"),
)
CODE = """
import json, resource, time
started = time.perf_counter()
from fourfold.methods.gambling import Stakes, edge, game, play
begun, before = time.perf_counter(), time.process_time()
chosen = game({game!r})
found = play(chosen, {players}, {rounds}, Stakes({plan!r}, float({bankroll!r})))
ended, after = time.perf_counter(), time.process_time()
print(json.dumps({{
    "import_s": begun - started, "play_s": ended - begun, "edge": edge(chosen, found).value,
    "cpu_s": after, "play_cpu_s": after - before,
    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}}))
"""


def one(game: str, plan: str, bankroll: str, cache: str) -> dict[str, float]:
    options = {"game": game, "plan": plan, "bankroll": bankroll}
    code = CODE.format(players=PLAYERS, rounds=ROUNDS, **options)
    env = {**os.environ, "NUMBA_CACHE_DIR": cache, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=env, check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    kept = {}
    with tempfile.TemporaryDirectory() as cache:
        for number, way in enumerate([WAYS[0], *WAYS]):
            name = ", ".join(way[:2]) + (", not compiled yet" if number == 0 else "")
            found = kept[name] = one(*way, cache)
            whole = found["import_s"] + found["play_s"]
            print(
                f"{name:44} {whole:5.1f} s in all ({found['cpu_s']:.1f} CPU), "
                f"{found['play_s']:5.1f} s of play ({found['play_cpu_s']:.1f} CPU), "
                f"{found['peak_mb']:4.0f} MB, house edge {100 * found['edge']:.2f} %"
            )
    keep("gambling", kept)


if __name__ == "__main__":
    main()
