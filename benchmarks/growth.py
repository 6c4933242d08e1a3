r"""
Growth of time with the number of parameters: counting from 10 to 10^6, all quadratic laws from 10 to 10^4.

    python benchmarks/growth.py [--to PLOT.png]

Networks with four layers of widths 4 : 3 : 2 : 1.  Prints one line a network, and the slope of log(seconds) over
log(parameters) from 1000 parameters on, and writes a plot.  Times are those of the call in a warm session; a process
needs about one second more to load Sage.
"""
import argparse
import math
import time
from pathlib import Path

import numpy as np

from sage_conslaw import conservation_laws, count_conservation_laws, networks

# (name, network from widths, call, largest number of parameters)
SERIES = [
    ("count, ReLU with biases", lambda widths: networks.relu(widths, bias=True), count_conservation_laws, 1e6),
    ("count, linear", networks.linear, count_conservation_laws, 1e6),
    ("laws, ReLU with biases", lambda widths: networks.relu(widths, bias=True), conservation_laws, 1e4),
    ("laws, linear", networks.linear, conservation_laws, 1e4),
]

# Below this number of parameters the time is that of the start of a call, not of the work.
_SLOPE_FROM = 1000


def widths_for(parameters):
    scale = math.sqrt(parameters / 20)
    return [max(1, round(k * scale)) for k in (4, 3, 2, 1)]


def measure(build, call, largest):
    """Return (parameters, seconds) for sizes that grow by a factor of 10^(1/2); every answer must be proved."""
    points = []
    for exponent in np.arange(1, math.log10(largest) + 0.01, 0.5):
        net = build(widths_for(10 ** exponent))
        seconds = math.inf
        for _ in range(2):
            start = time.perf_counter()
            result = call(net, seed=0)
            seconds = min(seconds, time.perf_counter() - start)
        assert result.status == "proved", result
        points.append((net.dimension, seconds))
        print(
            f"  {' '.join(map(str, net.sizes)):<22} {net.dimension:>9} parameters {result.number:>8} "
            f"laws {seconds:9.3f} s",
            flush=True,
        )
    return points


def slope(points):
    """Return the exponent of the power of the parameters that fits the times best."""
    logs = np.log([point for point in points if point[0] >= _SLOPE_FROM])
    return float(np.polyfit(logs[:, 0], logs[:, 1], 1)[0])


def main():
    parser = argparse.ArgumentParser(description="Measure how time grows with the number of parameters.")
    parser.add_argument("--to", default=str(Path(__file__).parent / "growth.png"), help="the plot to write")
    target = parser.parse_args().to
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    figure, axes = plt.subplots(figsize=(7, 4.5))
    conservation_laws(networks.linear([2, 2]), seed=0)
    for name, build, call, largest in SERIES:
        print(name)
        points = measure(build, call, largest)
        label = f"{name}: slope {slope(points):.2f}"
        print(f"  slope {slope(points):.2f} from {_SLOPE_FROM} parameters on")
        axes.loglog(*zip(*points), marker="o", label=label)
    axes.set_xlabel("parameters")
    axes.set_ylabel("seconds")
    axes.grid(True, which="both", alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(target, dpi=110)
    print(f"written: {Path(target).name}")


if __name__ == "__main__":
    main()
