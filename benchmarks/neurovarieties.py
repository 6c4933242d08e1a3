r"""
Dimensions of neurovarieties against the public table daokevin06/MFA_PNNs (46,706 rows): ranks of both, and what is
proved.

    git clone https://github.com/daokevin06/MFA_PNNs
    python benchmarks/neurovarieties.py MFA_PNNs [--rows 10000] [--out FILE.jsonl] [--seconds S] [--largest N]

Rows are taken in a shuffled order that does not change, so that the first ones are a random sample; each is written as
it ends, and the same command goes on where it was stopped.  The table's numbers are ranks modulo 100003 and 100153 at
one random point each, hence lower bounds; ours are lower bounds modulo a prime of 62 bits, and proved where an upper
bound meets them.  A row that disagrees is computed again with another seed, and is printed.
"""
import argparse
import csv
import json
import random
import time
from pathlib import Path

from sage_conslaw import dimension, networks

FILES = ("processed/2_1_cleaned_architectures", "processed/2_2_cleaned_architectures",
         "processed/2_3_cleaned_architectures", "raw/3_1_architectures")


def rows(table, largest):
    """Return the rows in the order of the survey: (widths, power, dimension, ambient dimension)."""
    found = {}
    for name in FILES:
        with (table / "data" / f"{name}.csv").open(encoding="utf8") as file:
            for row in csv.DictReader(file):
                numbers = [int(row[key]) for key in ("exponent", "dimension_computed", "ambient_dimension")]
                if int(row["num_parameters"]) <= largest:
                    found[row["architecture"]] = (json.loads(row["architecture"]), *numbers)
    order = [found[key] for key in sorted(found)]
    random.Random(0).shuffle(order)
    return order


def outcome(widths, power, theirs, ambient):
    """Return what one row says and what is found."""
    start, net = time.perf_counter(), networks.polynomial(widths, power)
    r = dimension(net, seed=0)
    again = None if r.dimension == theirs else dimension(net, seed=1).dimension
    return {"widths": widths, "power": power, "table": theirs, "dimension": r.dimension, "again": again,
            "at_most": r.dimension_at_most, "ambient_agrees": r.ambient == ambient, "expected": r.expected,
            "status": r.status, "seconds": round(time.perf_counter() - start, 3)}


def summary(records):
    """Return the lines of the outcome."""
    proved = [r for r in records if r["status"] == "proved"]
    wrong = [r for r in records if r["dimension"] != r["table"] or not r["ambient_agrees"]]
    defective = [r for r in records if r["dimension"] < r["expected"]]
    refuted = [r for r in wrong if r["dimension"] > r["table"] or r["at_most"] < r["table"]]
    lines = [f"{len(records)} rows: {len(records) - len(wrong)} agree, {len(wrong)} disagree "
             f"({len(refuted)} where a proved bound refutes the table)",
             f"{len(proved)} proved ({100 * len(proved) / max(1, len(records)):.1f} %), the others are lower bounds "
             "that fall short with a probability below 1e-9",
             f"{len(defective)} defective, of which {sum(r['at_most'] < r['expected'] for r in defective)} are proved "
             f"to be; {sum(r['seconds'] for r in records):.0f} s"]
    return lines + [json.dumps(r) for r in wrong]


def main():
    """Read the words of the command line, survey, and print the outcome."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("table", type=Path)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--out", type=Path, default=Path("neurovarieties.jsonl"))
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--largest", type=int, default=4000, help="most parameters of a network (default 4000)")
    given = parser.parse_args()
    end, records = time.monotonic() + given.seconds, []
    if given.out.exists():
        records = [json.loads(line) for line in given.out.read_text(encoding="utf8").splitlines()]
    done = {tuple(r["widths"]) for r in records}
    with given.out.open("a", encoding="utf8") as file:
        for row in rows(given.table, given.largest)[:given.rows]:
            if tuple(row[0]) not in done and time.monotonic() < end:
                records.append(outcome(*row))
                file.write(json.dumps(records[-1]) + "\n")
                file.flush()
    print("\n".join(summary(records)))


if __name__ == "__main__":
    main()
