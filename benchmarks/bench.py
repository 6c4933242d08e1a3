r"""
The benchmark of the package: whole processes and single calls, beside the aims and beside one modular rank.

    python benchmarks/bench.py [--quick] [--freeze]

Each line of a whole process gives seconds, peak memory, processor time in units of one rank modulo a prime, taken just
before on the same machine, and the ratio to the figure in ``figures.json``, which ``--freeze`` writes anew.  The exit
status is 1 if a figure is worse by more than a tenth.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FIGURES = Path(__file__).with_name("figures.json")

# A figure may be worse by this factor.
WORSE = 1.1

# Runs of a process that takes less than five processor seconds: the fastest counts, as noise only adds.
RUNS = 3

# (what, arguments of sage-conslaw, aim in seconds of the whole process)
PROCESSES = [
    ("start-up: laws linear 2 2", ["laws", "linear", "2", "2"], None),
    ("laws linear 2 4 5 2 2", ["laws", "linear", "2", "4", "5", "2", "2"], "1 s after start-up"),
    ("laws relu 8 5 8 5 5 --bias", ["laws", "relu", "8", "5", "8", "5", "5", "--bias"], "1 s after start-up"),
    # The model alone, as in figures from before the real network was asked about.
    (
        "laws relu 8 5 8 5 5 --bias --no-real",
        ["laws", "relu", "8", "5", "8", "5", "5", "--bias", "--no-real"],
        "1 s after start-up",
    ),
    ("reproduce abide", ["reproduce", "abide", "--quiet"], "6 s"),
    ("reproduce all", ["reproduce", "all", "--quiet"], "15 s, better 8 s"),
    ("count linear 40 30 20 10", ["count", "linear", "40", "30", "20", "10"], "6 s"),
    ("count relu 40 30 20 10", ["count", "relu", "40", "30", "20", "10"], "5 s"),
    ("count linear 2 9 2 --flow momentum --tau 1", "count linear 2 9 2 --flow momentum --tau 1".split(), "3 s"),
    (
        "count relu 6 12 6 --bias --flow momentum --tau 1",
        "count relu 6 12 6 --bias --flow momentum --tau 1".split(),
        "10 s",
    ),
    ("laws linear 40 30 20 10", ["laws", "linear", "40", "30", "20", "10"], "15 s, 2 GB"),
    ("laws relu 64 64 64 10 --bias", "laws relu 64 64 64 10 --bias".split(), "15 s, 2 GB"),
    ("count linear 784 512 256 10", "count linear 784 512 256 10".split(), "30 s, 2 GB"),
    ("count relu 784 512 256 10 --bias", "count relu 784 512 256 10 --bias".split(), "30 s, 2 GB"),
]


def one_rank():
    """Return the processor seconds of the rank of a 1000 x 1000 matrix modulo a prime, the fastest of three."""
    import flint
    import numpy as np

    from sage_conslaw.exact.modular import random_array
    p = 4611686018427387847
    square = flint.nmod_mat(1000, 1000, random_array(np.random.default_rng(0), (10 ** 6,), p).tolist(), p)
    taken = []
    for _ in range(3):
        start = time.process_time()
        square.rank()
        taken.append(time.process_time() - start)
    return min(taken)


def run(arguments):
    """Return the seconds, processor seconds and peak memory in GB of a process, and what it complained of."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as errors:
        # Modules compiled anew at each start would be most of a short process.
        written = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        process = subprocess.Popen([sys.executable, "-m", "sage_conslaw.cli", *arguments],
                                   stdout=subprocess.DEVNULL, stderr=errors, env=written)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        complaint = errors.read().strip() if process.returncode else ""
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6, complaint


def whole_processes(quick, freeze):
    """Time whole processes of the command line; return how much worse than its figure the worst is."""
    figures = json.loads(FIGURES.read_text(encoding="utf8"))
    found, worst = {}, (0.0, "no figure")
    print(f"{'whole process':<50} {'seconds':>8}  {'memory':>8} {'ranks':>7} {'ratio':>6}  aim")
    for what, arguments, aim in PROCESSES[:4] if quick else PROCESSES:
        unit, runs = one_rank(), [run(arguments)]
        while len(runs) < RUNS and runs[0][1] < 5 and not runs[-1][-1]:
            runs.append(run(arguments))
        seconds, _, memory, complaint = min(runs)
        if complaint:
            print(f"{what:<50} failed: {complaint}")
            worst = max(worst, (float("inf"), what))
            continue
        ranks = min(taken for _, taken, *_ in runs) / unit
        found[what] = {"ranks": round(ranks, 2), "memory": round(memory, 3)}
        known = figures.get(what, found[what])
        ratio = max(ranks / known["ranks"], memory / known["memory"])
        worst = max(worst, (ratio, what))
        print(f"{what:<50} {seconds:8.2f}  {memory:5.2f} GB {ranks:7.2f} {ratio:6.2f}  {aim or ''}")
    if freeze:
        FIGURES.write_text(json.dumps(figures | found, indent=1) + "\n", encoding="utf8")
    print(f"\nworst beside its figure: {worst[0]:.2f} ({worst[1]})")
    return worst[0]


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
    for net in (
        networks.linear([2, 2, 2]),
        networks.linear([2, 2, 2, 2]),
        networks.relu([2, 3, 2]),
        networks.linear([3, 4, 3]),
        networks.relu([4, 6, 4]),
        networks.linear([3, 3, 3, 3]),
    ):
        seconds = {}
        for algorithm in ("modular", "symbolic"):
            start = time.perf_counter()
            # The real network is asked about in neither.
            result = conservation_laws(net, algorithm=algorithm, proof=False, seed=0, real=False)
            seconds[algorithm] = time.perf_counter() - start
        name = f"{net.architecture} {' '.join(map(str, net.sizes))} ({result.number})"
        print(
            f"{name:<30} {seconds['symbolic']:9.3f} {seconds['modular']:9.3f} "
            f"{seconds['symbolic'] / seconds['modular']:7.0f}"
        )


def reaction_networks():
    """All quadratic laws of the 37 reaction networks in the tests, generic parameters, each checked exactly."""
    from sage_conslaw import conservation_laws
    from sage_conslaw.inputs.systems import read_collection
    start = time.perf_counter()
    families = read_collection(Path(__file__).parent.parent / "tests" / "data" / "biomodels.json")
    laws = sum(len(conservation_laws(family, degree=2, seed=0).laws) for family in families.values())
    print(
        f"\n{f'{len(families)} reaction networks, {laws} laws of degree <= 2':<50} "
        f"{time.perf_counter() - start:8.2f}           aim 10 s"
    )


def modern_architectures():
    """Find the laws of each architecture of the compendium, and count a transformer block."""
    from sage_conslaw import conservation_laws, count_conservation_laws, networks
    from sage_conslaw.papers.compendium import CLAIMS
    start, slowest = time.perf_counter(), 0
    for claim in CLAIMS:
        before = time.perf_counter()
        conservation_laws(claim.build(), flow=claim.flow, loss=claim.loss, seed=0)
        slowest = max(slowest, time.perf_counter() - before)
    print(
        f"\n{f'{len(CLAIMS)} architectures of the compendium':<50} {time.perf_counter() - start:8.2f}   "
        f"        slowest {slowest:.2f} s, aim 2 s each"
    )
    start = time.perf_counter()
    count_conservation_laws(networks.transformer_block(16, 32, heads=2), seed=0)
    print(f"{'count transformer_block 16 32, 2 heads':<50} {time.perf_counter() - start:8.2f}           aim 60 s")


def survey_of_small_architectures():
    """Run a survey of 1000 small architectures into a new store, and once more from it."""
    from sage_conslaw import survey
    sweeps = [
        {
            "architecture": "relu",
            "sizes": [[1, 2, 3, 4, 5], list(range(1, 6)), [1, 2, 3, 4, 5], [1, 2]],
            "bias": [False, True],
        },
        {
            "architecture": "linear",
            "sizes": [[1, 2, 3, 4, 5], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]],
            "loss": ["least-squares", "cross-entropy"],
        },
        {"architecture": "linear", "sizes": [[1, 2, 3, 4, 5], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5], [1, 2]]},
    ]
    with tempfile.TemporaryDirectory() as folder:
        table = survey(sweeps, store=os.path.join(folder, "survey.sqlite"))
        again = survey(sweeps, store=os.path.join(folder, "survey.sqlite"))
    print(f"\n{f'survey of {len(table.rows)} architectures, {table.proved} proved':<50} {table.seconds:8.2f}           "
          f"{len(table.rows) / table.seconds:.0f} a second, aim 50; read again {again.seconds:.2f} s")


def exceptional_parameters_of_networks():
    """The case distinction of the reaction networks with few parameters in codimension 2, and of small networks in the
    damping."""
    from sage_conslaw import exceptional_damping, exceptional_parameters, networks
    from sage_conslaw.inputs.systems import read_collection
    families = read_collection(Path(__file__).parent.parent / "tests" / "data" / "biomodels.json")
    families = [family for family in families.values() if len(family.constants) <= 16 and family.moving_dimension <= 7]
    start = time.perf_counter()
    branches = sum(len(exceptional_parameters(family, codimension=2, seed=0).branches) for family in families)
    print(
        f"{f'{len(families)} reaction networks, {branches} branches of codimension <= 2':<50} "
        f"{time.perf_counter() - start:8.2f}"
    )
    start = time.perf_counter()
    exceptional_damping(networks.linear([3, 4, 3]), seed=0)
    print(f"{'exceptional damping of linear 3 4 3':<50} {time.perf_counter() - start:8.2f}")


def classical_systems():
    """Recover every known polynomial, rational and Darboux integral of the classical systems in the tests: found /
    known, and seconds."""
    from sage_conslaw import first_integrals
    from sage_conslaw.exact.terms import to_sage
    from sage_conslaw.integrals.darboux import search_darboux_polynomials
    from sage_conslaw.integrals.darboux_law import DarbouxLaw
    from sage_conslaw.integrals.independence import independent_laws
    from sage_conslaw.expressions.polynomials import parse_polynomials
    from sage_conslaw.inputs.systems import read_record

    systems = json.loads((Path(__file__).parent.parent / "tests" / "data" / "classic.json").read_text(encoding="utf8"))[
        "systems"
    ]
    print(f"\n{'classical system':<32} {'Darboux polynomials':>20} {'integrals':>10} {'seconds':>8}")
    total, beginning = [0, 0, 0, 0], time.perf_counter()
    for entry in systems:
        family = read_record(entry)
        ring, constants = family.ring(), family.constants
        moving = [i for i in range(family.dimension) if i not in constants]
        polynomial = lambda text: to_sage(parse_polynomials([text], family.names)[1][0], ring)
        degree_of = lambda p: max(sum(int(e[i]) for i in moving) for e in p.dict())
        start = time.perf_counter()
        known = [polynomial(d["polynomial"]) for d in entry["darboux_polynomials"]]
        degree = max(map(degree_of, known), default=1)
        # A law of the collection may be a Darboux polynomial too, with cofactor zero.
        found = [d.polynomial for d in search_darboux_polynomials(family, degree).polynomials]
        recovered = sum(any(p.lc() * k == k.lc() * p for p in found) for k in known)
        integrals = [("polynomial", degree_of(law), law) for law in map(polynomial, entry["polynomial_integrals"])]
        integrals += [
            ("rational", degree, DarbouxLaw((), polynomial(r["num"]) / polynomial(r["den"])))
            for r in entry["rational_integrals"]
        ]
        for law in entry["darboux_function_integrals"]:
            exponent = sum((polynomial(g) * polynomial(n) for g, n in law["exp_factors"]), ring.zero())
            integrals.append(
                (
                    "darboux",
                    degree,
                    DarbouxLaw(tuple((polynomial(p), polynomial(n)) for p, n in law["factors"]), exponent),
                )
            )
        results = {
            key: first_integrals(family, kind=key[0], degree=key[1], seed=0)
            for key in dict.fromkeys((k, d) for k, d, _ in integrals)
        }
        good = sum(
            not independent_laws(family, [*results[k, d].polynomial_laws, *results[k, d].integrals], [law])
            for k, d, law in integrals
        )
        total = [a + b for a, b in zip(total, (recovered, len(known), good, len(integrals)))]
        print(
            f"{entry['name']:<32} {f'{recovered}/{len(known)}':>20} {f'{good}/{len(integrals)}':>10} "
            f"{time.perf_counter() - start:8.2f}"
        )
    print(
        f"{'all':<32} {f'{total[0]}/{total[1]}':>20} {f'{total[2]}/{total[3]}':>10} "
        f"{time.perf_counter() - beginning:8.2f}"
    )


def main():
    parser = argparse.ArgumentParser(description="Run the benchmark.")
    parser.add_argument("--quick", action="store_true", help="only the first whole processes")
    parser.add_argument("--freeze", action="store_true", help="write figures.json anew")
    asked = parser.parse_args()
    worst = whole_processes(asked.quick, asked.freeze)
    if asked.freeze:
        return 0
    if not asked.quick:
        beside_one_rank()
        reaction_networks()
        modern_architectures()
        survey_of_small_architectures()
        exceptional_parameters_of_networks()
        classical_systems()
    fast_beside_symbolic()
    return int(worst > WORSE)


if __name__ == "__main__":
    sys.exit(main())
