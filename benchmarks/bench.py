r"""
The benchmark of the package: whole processes and single calls, beside the aims and beside one modular rank.

    python benchmarks/bench.py [--quick]

Each line gives seconds, the aim, and peak memory where it is of interest.
"""
import argparse
import resource
import subprocess
import sys
import time

# (what, arguments of sage-conslaw, aim in seconds of the whole process)
PROCESSES = [
    ("start-up: laws linear 2 2", ["laws", "linear", "2", "2"], None),
    ("laws linear 2 4 5 2 2", ["laws", "linear", "2", "4", "5", "2", "2"], "1 s after start-up"),
    ("laws relu 8 5 8 5 5 --bias", ["laws", "relu", "8", "5", "8", "5", "5", "--bias"], "1 s after start-up"),
    ("reproduce abide", ["reproduce", "abide", "--quiet"], "6 s"),
    ("reproduce all", ["reproduce", "all", "--quiet"], "15 s, better 8 s"),
    ("count linear 40 30 20 10", ["count", "linear", "40", "30", "20", "10"], "6 s"),
    ("count relu 40 30 20 10", ["count", "relu", "40", "30", "20", "10"], "5 s"),
    ("count linear 2 9 2 --flow momentum --tau 1", "count linear 2 9 2 --flow momentum --tau 1".split(), "3 s"),
    ("count relu 6 12 6 --bias --flow momentum --tau 1", "count relu 6 12 6 --bias --flow momentum --tau 1".split(), "10 s"),
    ("laws linear 40 30 20 10", ["laws", "linear", "40", "30", "20", "10"], "15 s, 2 GB"),
    ("laws relu 64 64 64 10 --bias", "laws relu 64 64 64 10 --bias".split(), "15 s, 2 GB"),
    ("count linear 784 512 256 10", "count linear 784 512 256 10".split(), "30 s, 2 GB"),
    ("count relu 784 512 256 10 --bias", "count relu 784 512 256 10 --bias".split(), "30 s, 2 GB"),
]


def whole_processes(quick):
    """Time whole processes of the command line; peak memory is that of the largest child so far."""
    print(f"{'whole process':<50} {'seconds':>8}  {'memory':>8}  aim")
    for what, arguments, aim in PROCESSES[:4] if quick else PROCESSES:
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-m", "sage_conslaw.cli", *arguments], capture_output=True, text=True)
        seconds = time.perf_counter() - start
        if done.returncode:
            print(f"{what:<50} failed: {done.stderr.strip()}")
            continue
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
        print(f"{what:<50} {seconds:8.2f}  {memory:5.2f} GB  {aim or ''}")


def beside_one_rank():
    """Compare the count of a network with 2000 parameters with one modular rank of a 2000 x 2000 matrix."""
    import numpy as np

    from sage_conslaw import count_conservation_laws, networks
    from sage_conslaw.exact.linear_algebra import rank
    from sage_conslaw.exact.modular import random_array
    p, generator = 4611686018427387847, np.random.default_rng(0)
    square = random_array(generator, (2000, 2000), p)
    start = time.perf_counter()
    rank(square, p)
    one = time.perf_counter() - start
    print(f"\n{'one rank of a 2000 x 2000 matrix':<50} {one:8.2f}")
    for net in (networks.linear([40, 30, 20, 10]), networks.relu([40, 30, 20, 10])):
        start = time.perf_counter()
        count_conservation_laws(net, seed=0)
        seconds = time.perf_counter() - start
        print(f"{'count ' + str(net):<50} {seconds:8.2f}  {seconds / one:.1f} ranks (aim: at most 4)")


def fast_beside_symbolic():
    """Run the modular and the published algorithm on the same architectures and print the ratio."""
    from sage_conslaw import conservation_laws, networks
    print(f"\n{'laws and count':<30} {'symbolic':>9} {'modular':>9} {'ratio':>7}")
    for net in (networks.linear([2, 2, 2]), networks.linear([2, 2, 2, 2]), networks.relu([2, 3, 2]), networks.linear([3, 4, 3]),
                networks.relu([4, 6, 4]), networks.linear([3, 3, 3, 3])):
        seconds = {}
        for algorithm in ("modular", "symbolic"):
            start = time.perf_counter()
            result = conservation_laws(net, algorithm=algorithm, proof=False, seed=0)
            seconds[algorithm] = time.perf_counter() - start
        name = f"{net.architecture} {' '.join(map(str, net.sizes))} ({result.number})"
        print(f"{name:<30} {seconds['symbolic']:9.3f} {seconds['modular']:9.3f} {seconds['symbolic'] / seconds['modular']:7.0f}")


def reaction_networks():
    """All quadratic laws of the 37 reaction networks in the tests, generic parameters, each checked exactly."""
    from pathlib import Path

    from sage_conslaw import conservation_laws
    from sage_conslaw.systems import read_collection
    start = time.perf_counter()
    families = read_collection(Path(__file__).parent.parent / "tests" / "data" / "biomodels.json")
    laws = sum(len(conservation_laws(family, degree=2, seed=0).laws) for family in families.values())
    print(f"\n{f'{len(families)} reaction networks, {laws} laws of degree <= 2':<50} {time.perf_counter() - start:8.2f}           aim 10 s")


def main():
    parser = argparse.ArgumentParser(description="Run the benchmark.")
    parser.add_argument("--quick", action="store_true", help="only the first whole processes")
    quick = parser.parse_args().quick
    whole_processes(quick)
    if not quick:
        beside_one_rank()
        reaction_networks()
    fast_beside_symbolic()


if __name__ == "__main__":
    main()
