"""
Compare the laws that grow from small widths with the dense route, numbers and spaces, on random small networks.

    python benchmarks/agreement.py [FIRST [LAST [transformers | encoders]]]

One line for each disagreement, and a summary; exit status 1 if there is one.  With a third argument the networks are
small random transformers, or encoders of which some rows are read, and the dense side is the rank of random words at
one point.
"""
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests"))

from random_graphs import (  # noqa: E402
    dense_rank,
    random_encoder,
    random_network,
    random_transformer,
    same_space,
)

from sage_conslaw import count_conservation_laws  # noqa: E402
from sage_conslaw.flows.problem import problem  # noqa: E402
from sage_conslaw.width.true_width import width_of  # noqa: E402


def example(seed, transformers):
    """Return a network, its loss, and a function that bounds its number of laws densely."""
    if transformers:
        net, loss = (random_encoder if transformers == "encoders" else random_transformer)(seed)
        return net, loss, lambda: (0, net.dimension - dense_rank(net, loss))
    net = random_network(seed)
    loss = "cross-entropy" if seed % 4 == 0 and net.output.shape[-1] > 1 else None

    def number():
        count = count_conservation_laws(net, loss=loss, seed=1, real=False)
        return count.number, count.number
    return net, loss, number


def main(first=0, last=500, transformers=False):
    known = proved = wrong = spaces = 0
    for seed in range(int(first), int(last)):
        net, loss, dense = example(seed, transformers)
        width = width_of(problem(net, loss=loss).family)
        if width is None:
            continue
        known += 1
        found = width.counted(np.random.default_rng(seed))
        rank, laws = found.rank, found.laws
        proved += rank + laws == net.dimension
        least, most = dense()
        if laws > most or net.dimension - rank < max(least, most if rank + laws == net.dimension else 0):
            wrong += 1
            print(f"{seed}: {net}: between {laws} and {net.dimension - rank} laws by growth, {least} to {most} densely",
                  flush=True)
        if rank + laws == net.dimension and not transformers:
            same = same_space(found, net, loss)
            spaces += same is True
            if same is False:
                wrong += 1
                print(f"{seed}: {net}: the spaces of laws differ", flush=True)
    print(f"{int(last) - int(first)} networks, {known} with known axes, {proved} proved by growth, "
          f"{spaces} with equal spaces, {wrong} disagreements")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
