r"""
Chains of neurons in a linear network: which weights are not zero at a chain point.

Each weight matrix first has at most one nonzero weight in each row and column: the neurons form disjoint chains.  Data
enter at inputs and leave at outputs; a chain that has neither is *floating*.  It is attached by one more weight to a
chain that is not, or to one that is attached already.  What hangs together is a *component*.

- Trivial: ``linear 2 2``: two chains of one weight.
- Famous: equal widths `n` in every layer: `n` chains from the inputs to the outputs, one kind of component.
- One that falls short: ``linear 1 12 12 1``: eleven chains float in the middle, and the rank found there is smaller
  than the generic one; what is missing is said.
"""
import heapq
from dataclasses import dataclass

# Chains in one component.  With four, blocks have up to some 50 weights and their ranks take seconds; [2, 10, 10, 2],
# with three, stops short of its rank.
_LARGEST = 4

# Chains are placed one by one: 200000 take about a second.
_MOST_CHAINS = 200_000


@dataclass(frozen=True)
class Component:
    r"""
    Chains, as pairs of first and last layer, and the weights that attach them, as triples (layer, chain there, chain in
    the next layer).
    """

    chains: tuple
    links: tuple = ()

    def neurons(self, layer):
        """Return the numbers of the chains that have a neuron in this layer."""
        return [i for i, (first, last) in enumerate(self.chains) if first <= layer <= last]

    def weights(self):
        """Return all nonzero weights, as triples (layer, chain there, chain in the next layer)."""
        return [(l, i, i) for i, (first, last) in enumerate(self.chains) for l in range(first, last)] + list(self.links)


def useful_widths(widths):
    """Return how many neurons of each layer matter: at most as many as its neighbours together have."""
    useful = list(widths)
    while True:
        smaller = [
            n if l in (0, len(useful) - 1) else min(n, useful[l - 1] + useful[l + 1]) for l, n in enumerate(useful)
        ]
        if smaller == useful:
            return useful
        useful = smaller


def kinds_of_chains(useful):
    r"""
    Return the kinds of chains as triples (first layer, last layer, how many): where the width grows chains begin, where
    it falls the oldest end.
    """
    going, kinds = [[0, useful[0]]], []
    for l, (n, following) in enumerate(zip(useful, useful[1:])):
        ending = n - following
        while ending > 0:
            first, number = going[0]
            taken = min(number, ending)
            kinds.append((first, l, taken))
            ending -= taken
            going[0][1] -= taken
            if not going[0][1]:
                going.pop(0)
        if following > n:
            going.append([l + 1, following - n])
    return kinds + [(first, len(useful) - 1, number) for first, number in going if number]


def kinds_of_components(widths):
    r"""
    Return the components of a chain point as pairs (component, how many); ``None`` if there are too many chains.
    """
    useful, last_layer = useful_widths(widths), len(widths) - 1
    kinds = kinds_of_chains(useful)
    if sum(number for *_, number in kinds) > _MOST_CHAINS:
        return None
    anchored = [(first, last, number) for first, last, number in kinds if first == 0 or last == last_layer]
    floating = [(first, last, number) for first, last, number in kinds if first > 0 and last < last_layer]
    components = [([(first, last)], []) for first, last, number in anchored for _ in range(number)]
    # Ranks inside a component are those of its subnetwork, whose cost grows with its chains: few in each.
    # The component with the fewest chains takes the next floating one, if it can.
    queue = [(1, place) for place in range(len(components))] if floating else []
    heapq.heapify(queue)
    alone = []
    for first, last, number in floating:
        for _ in range(number):
            aside, taken = [], False
            while queue and not taken:
                size, place = heapq.heappop(queue)
                chains, links = components[place]
                link = _link((first, last), chains, size)
                if link is None:
                    aside.append((size, place))
                    continue
                chains.append((first, last))
                links.append(link)
                if size + 1 < _LARGEST:
                    aside.append((size + 1, place))
                taken = True
            for item in aside:
                heapq.heappush(queue, item)
            # A chain that floats alone meets data nowhere: its rank falls short, and the bound says so.
            if not taken:
                alone.append((first, last))
    counted = {}
    for chains, links in components:
        component = Component(tuple(chains), tuple(links))
        counted[component] = counted.get(component, 0) + 1
    for chain in alone:
        counted[Component((chain,))] = counted.get(Component((chain,)), 0) + 1
    for l, (n, m) in enumerate(zip(widths, useful)):
        if n > m:
            counted[Component(((l, l),))] = counted.get(Component(((l, l),)), 0) + n - m
    return list(counted.items())


def _link(chain, chains, place):
    """Return a weight between the chain, as number ``place``, and the last of the others in a neighbouring layer;
    ``None`` if there is none."""
    first, last = chain
    for i in reversed(range(len(chains))):
        start, stop = chains[i]
        # From the last neuron forwards, else from the first one backwards, else between layers that both have.
        for l in (last, *range(last - 1, first - 1, -1)):
            if start <= l + 1 <= stop:
                return (l, place, i)
        for l in range(first, last + 1):
            if start <= l - 1 <= stop:
                return (l - 1, i, place)
    return None
