"""
Changed certificates with recomputed digests: each that a checker accepts must be true by the count of ``oracle``, or it
is a forgery.

    python tests/certificates/mutations.py [NUMBER] [SEED]

Many are repaired after the change: dimension, minors and statement are made to fit it, as a forger would. Exit status 1
if a false statement is accepted.
"""
import copy
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from certificates import dimension_mutations, oracle  # noqa: E402
from certificates.kinds import GROWTH, PROBLEMS, WIDE, certificate  # noqa: E402
from sage_conslaw import check as plain  # noqa: E402
from sage_conslaw.certificates import checker  # noqa: E402
from sage_conslaw.certificates.errors import CertificateError  # noqa: E402
from sage_conslaw.certificates.record import digest  # noqa: E402

NUMBER, SEED = 15_000, 14
# Words that a forger would put in the place of others.
WORDS = [
    "relu",
    "linear",
    "product",
    "nmf",
    "icnn",
    "attention",
    "custom",
    "gated",
    "normalised",
    "perceptron",
    "transformer_block",
    "momentum",
    "gradient",
    "nesterov",
    "euclidean",
    "mirror",
    "least-squares",
    "cross-entropy",
    "none",
    "span",
    "tau",
    "0",
    "1",
    "1/2",
    "3",
    "t",
    "network",
    "phi",
    "system",
    "words",
    "path",
    "softmax",
    "tanh",
    "rms norm",
    "layer norm",
    "layer norm without last",
    "batch norm",
    "any function",
    "i,i->i",
    "i,ib->b",
    "add",
    "gather",
    "constant",
    "input",
    "state",
    "dual",
    "x",
    "y",
    "a",
    "abs",
    "",
    "sage_conslaw.certificate/1",
]
NUMBERS = [0, 1, 2, 3, 5, 40, 4000, -1, 10**9, 2**61 - 1, 2**62 - 57, -2**70, 4.0, 0.5, True, False, None]


def paths(value, path=()):
    """Yield the paths of all values of a record."""
    yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from paths(value[key], (*path, key))


def held(record, path):
    for step in path:
        record = record[step]
    return record


def changed_text(text, generator):
    kind = generator.randrange(6)
    if kind == 0 or not text:
        return generator.choice(WORDS)
    if kind == 1:
        at = generator.randrange(len(text))
        return text[:at] + generator.choice("0123456789+-*/^xyzabt_ ,") + text[at + generator.randrange(2):]
    if kind == 2:
        return generator.choice(["2*", "-", "1/3*", "x*", "0*"]) + text
    if kind == 3:
        return text + generator.choice(["+1", "-1", "^2", "*2", "+x", "_", "x", " "])
    if kind == 4:
        return text.replace(generator.choice(text), generator.choice("0123456789+-xyzUVWb"), 1)
    terms = text.replace("-", "+-").split("+")
    generator.shuffle(terms)
    return "+".join(terms[:generator.randrange(1, len(terms) + 1)]).replace("+-", "-")


def changed_list(items, generator):
    items, kind = list(items), generator.randrange(6)
    if kind == 0 and items:
        return items + [copy.deepcopy(generator.choice(items))]
    if kind == 1 and items:
        del items[generator.randrange(len(items))]
    elif kind == 2 and len(items) > 1:
        i, j = generator.sample(range(len(items)), 2)
        items[i], items[j] = items[j], items[i]
    elif kind == 3:
        return []
    elif kind == 4:
        return items + [generator.choice(NUMBERS + WORDS)]
    elif items:
        return items * 2
    return items


def changed_value(value, generator, others):
    """Return another value in the place of one."""
    if generator.random() < 0.08:
        return generator.choice(NUMBERS + WORDS + [[], {}])
    if isinstance(value, bool) or value is None or isinstance(value, float):
        return generator.choice(NUMBERS)
    if isinstance(value, int):
        return generator.choice([value + 1, value - 1, -value, 2 * value, float(value), str(value), *NUMBERS])
    if isinstance(value, str):
        return changed_text(value, generator)
    if isinstance(value, list):
        return changed_list(value, generator)
    value, kind = dict(value), generator.randrange(3)
    if kind == 0 and value:
        del value[generator.choice(sorted(value))]
    elif kind == 1:
        value[
            generator.choice(
                [
                    "extra",
                    "drift",
                    "controls",
                    "constants",
                    "graph",
                    "family",
                    "metric",
                    "tau",
                    "mask",
                    "real",
                    "denominator",
                ]
            )
        ] = generator.choice(["none", [], {}, 2, [0, 1]])
    elif value:
        # A part of another certificate in the place of this one's.
        key = generator.choice(sorted(value))
        found = [other[key] for other in others if key in other]
        value[key] = copy.deepcopy(generator.choice(found)) if found else value[key]
    return value


def mutant(records, generator):
    """Return a changed certificate, perhaps repaired, with the right digest."""
    record = copy.deepcopy(generator.choice(records))
    for _ in range(generator.choice([1, 1, 1, 2, 3])):
        every = list(paths(record))
        # Half of the changes are to the problem and the laws, which are few among many draws.
        few = ("problem", "laws", "dimension", "assumption", "real")
        part = [path for path in every if path and path[0] in few]
        path = generator.choice(part if generator.random() < 0.5 and part else every)
        value = held(record, path)
        others = [held(other, path[:1]) for other in records if path[:1] and path[0] in other] if len(path) == 1 else \
            [held(other, path) for other in records if path in set(paths(other))] if generator.random() < 0.2 else []
        new = changed_value(value, generator, [other for other in others if isinstance(other, dict)])
        if not path:
            record = new if isinstance(new, dict) else {}
        else:
            held(record, path[:-1])[path[-1]] = new
    if generator.random() < 0.5:
        record = repaired(record)
    try:
        return record | {"digest": digest(record)}
    except (TypeError, ValueError):
        return record


def repaired(record):
    """Return a record whose dimension, minors and statement are made to fit the rest, where that can be done."""
    record = copy.deepcopy(record)
    try:
        plain.BUDGET.update(work=10**7, kept=10**6)
        plain.check_schema(record | {"digest": "0" * 64})
        if "width" in record:
            return repaired_width(record)
        family = plain.Family(record["problem"])
        n = family.n - len(family.constants)
        part, rank = record["independence"], record["rank"]
        laws = [plain.parse(text, family.places) for text in record["laws"]]
        gradients = [
            [plain.at_point(laws[i].derivative(j), part["point"], part["prime"]) for j in part["pivots"]]
            for i in part["rows"]
        ]
        part["minor"] = plain.determinant(gradients, part["prime"])
        written = plain._with_real_data(rank, record["real"], family, record["problem"]) if "real" in record else rank
        values = plain.rank_values(written, family, rank["prime"])
        rank["minor"] = plain.determinant([[row[i] for i in rank["pivots"]] for row in values], rank["prime"])
        rank["rank"], record["dimension"] = len(values), n
        record["statement"] = plain.statement(record, n, len(part["rows"]), len(values))
    except (
        plain.Rejected,
        KeyError,
        TypeError,
        ValueError,
        IndexError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ):
        pass
    return record


def repaired_width(record):
    """Return a record at any width whose parts, laws, dimension and statement are made to fit the rest."""
    if record["width"]["kind"] == "growth":
        return repaired_growth(record)
    width, part = plain.Wide(record["problem"]), record["width"]
    part["parts"] = width.star(part["prime"], part["seed"]) if part["kind"] == "star" else \
        width.chains(part, part["prime"])
    record["laws"], record["dimension"] = width.law_texts(), width.dimension
    if width.still:
        part["parts"].append(
            {"of": "the sums of the rows of the last layer", "times": width.still, "size": 1, "rank": 0, "laws": 1}
        )
    m, r = (sum(one["times"] * one[what] for one in part["parts"]) for what in ("laws", "rank"))
    record["statement"] = plain.statement(record, width.dimension, m, r)
    return record


def repaired_growth(record):
    """Return a record of growth whose numbers are made to fit its graphs and families."""
    n = m = record["width"]["still"]
    for one in record["width"]["segments"]:
        segment = plain.Segment(one["graph"])
        one["size"], laws = segment.dimension(), 0
        if "base" in one:
            laws = sum(segment.number(family, segment.sizes) for family in one["families"])
        one["laws"], one["rank"] = laws, one["size"] - laws if "base" in one else 0
        n, m = n + one["times"] * one["size"], m + one["times"] * one["laws"]
    r = sum(one["times"] * one["rank"] for one in record["width"]["segments"])
    record["dimension"], record["statement"] = n, plain.statement(record, n, m, r)
    return record


def verdicts(record):
    """Return which of the two checkers accept."""
    accepted = []
    for name, check, error in (("plain", plain.verify, plain.Rejected), ("package", checker.examine, CertificateError)):
        try:
            check(record)
            accepted.append(name)
        except error as reason:
            assert "\n" not in str(reason) and len(str(reason)) < 700, str(reason)[:2000]
    return accepted


def run(number, seed, progress=None):
    """Try changed certificates; return how many were accepted by whom, and those that are false."""
    generator, records = random.Random(seed), [certificate(name) for name in (*PROBLEMS, *WIDE, *GROWTH)]
    counts, forgeries, slowest = Counter(), [], 0
    for i in range(number):
        record, start = mutant(records, generator), time.perf_counter()
        accepted = verdicts(record)
        slowest = max(slowest, time.perf_counter() - start)
        counts[" and ".join(accepted) or "rejected"] += 1
        if accepted:
            reason = oracle.falsehood(record)
            if reason is not None:
                forgeries.append((accepted, reason, record))
        if progress and (i + 1) % progress == 0:
            print(f"{i + 1}: {dict(counts)}, {len(forgeries)} false", flush=True)
    return counts, forgeries, slowest


def run_dimensions(number, seed):
    """Try changed certificates of dimensions; return how many were accepted by whom, and those that are false."""
    counts, forgeries = Counter(), []
    for record in dimension_mutations.mutants(number, seed, changed_value, paths, held):
        accepted, line = dimension_mutations.verdicts(record)
        counts["dimensions: " + (" and ".join(accepted) or "rejected")] += 1
        reason = dimension_mutations.falsehood(record, line) if accepted else None
        if reason is not None:
            forgeries.append((accepted, reason, record))
    return counts, forgeries


def main(arguments):
    number, seed = (int(arguments[i]) if len(arguments) > i else default for i, default in enumerate((NUMBER, SEED)))
    counts, forgeries, slowest = run(number - number // 15, seed, progress=1000)
    more, false = run_dimensions(number // 15, seed)
    counts, forgeries = counts + more, forgeries + false
    for accepted, reason, record in forgeries:
        print(f"accepted by {' and '.join(accepted)}, false: {reason}: {json.dumps(record)[:2000]}")
    print(
        f"{number} changed certificates, seed {seed}: {dict(counts)}; slowest {slowest:.1f} s; "
        f"{len(forgeries)} false statements accepted"
    )
    return 1 if forgeries else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
