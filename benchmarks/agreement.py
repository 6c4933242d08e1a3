"""
Compare the number of laws that grows from small widths with the dense route, on random small networks.

    python benchmarks/agreement.py [FIRST [LAST]]

One line for each disagreement, and a summary; exit status 1 if there is one.
"""
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests"))

from random_graphs import random_network  # noqa: E402

from sage_conslaw import count_conservation_laws  # noqa: E402
from sage_conslaw.flows.problem import problem  # noqa: E402
from sage_conslaw.structure.true_width import width_of  # noqa: E402


def main(first=0, last=500):
    known = proved = wrong = 0
    for seed in range(first, last):
        net = random_network(seed)
        loss = "cross-entropy" if seed % 4 == 0 and net.output.shape[-1] > 1 else None
        width = width_of(problem(net, loss=loss).family)
        if width is None:
            continue
        known += 1
        rank, laws = width.bounds(np.random.default_rng(seed))
        count = count_conservation_laws(net, loss=loss, seed=1, real=False)
        proved += rank + laws == net.dimension
        if not laws <= count.number <= net.dimension - rank:
            wrong += 1
            print(f"{seed}: {net}: between {laws} and {net.dimension - rank} laws by growth; {count}")
    print(f"{last - first} networks, {known} with known axes, {proved} proved by growth, {wrong} disagreements")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
