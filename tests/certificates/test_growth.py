"""Certificates of networks that are proved by growth: true against dense counts, short at any width, and forged."""
import copy
import json
import random

import pytest
from certificates import oracle
from certificates.kinds import GROWTH, certificate, growth
from certificates.mutations import mutant, repaired_growth, verdicts

from sage_conslaw import check, count_conservation_laws, networks
from sage_conslaw.certificates.files import verify_file, write
from sage_conslaw.certificates.record import digest, growth_certificate
from sage_conslaw.cli.command import cli
from sage_conslaw.flows.problem import problem

BOTH = ["plain", "package"]


def signed(record):
    return record | {"digest": digest(record)}


@pytest.mark.parametrize("name", GROWTH)
def test_both_checkers_accept_what_is_true(name):
    record = certificate(name)
    assert verdicts(record) == BOTH and oracle.falsehood(record) is None
    assert check.verify(record) == record["statement"]


def test_seven_million_parameters(tmp_path):
    """A transformer block of true width: a few kB, both checkers, in full; the plain one says what it does not know."""
    result = count_conservation_laws(networks.transformer_block(768, 3072, heads=4), seed=0)
    path = tmp_path / "block.json"
    write(result.certificate(), path)
    good, line = verify_file(path)
    assert good and line.startswith("verified by both checkers: 149760 independent laws in dimension 7080960, complete")
    assert "transformer_block 768 3072 with" in line and "heads 4" in line and path.stat().st_size < 8000
    assert "is not checked here" in check.given(json.loads(path.read_text()))


def test_rows_of_sum_one_are_no_unit():
    """Outputs of a softmax are zero in no row: a unit that would change the sign of a row of them is rejected."""
    record = json.loads(json.dumps(growth_certificate(problem(networks.transformer_block(768, 3072, heads=12)), 0)))
    segment = next(one for one in record["width"]["segments"]
                   if any(node["op"] == "sum one" for node in one["graph"]["nodes"]))
    rows = next(node["axes"] for node in segment["graph"]["nodes"] if node["op"] == "sum one")
    heads = next(c for axis in rows for c in axis if segment["graph"]["sizes"][c] == 12)
    assert segment["base"]["sizes"][heads] == 12
    base, graph = segment["base"], check.Segment(segment["graph"])
    check.BUDGET.update(work=10**9, kept=10**9)
    for values, outputs in ((0, 0), (0, 1), (1, 0)):
        bits = {"V": [values], "O": [outputs]}
        signs = [bits.get(graph.nodes[i]["name"], []) for i in graph.leaves]
        forged = base | {"sizes": [3 if c == heads else n for c, n in enumerate(base["sizes"])],
                         "units": [*base["units"], {"classes": [heads], "signs": signs}]}
        with pytest.raises(check.Rejected):
            graph.check_base(segment["families"], forged)


def test_a_count_has_the_same_certificate(tmp_path, capsys):
    network = networks.lora([768, 768], rank=8)
    one = count_conservation_laws(network, seed=0).certificate()
    assert one == growth_certificate(problem(network), 0)
    for arguments in (["gated", "784", "2048"], ["linear", "2", "1", "2"]):
        path = tmp_path / "count.json"
        assert cli.main(args=["count", *arguments, "--certificate", str(path)]) == 0
        assert verdicts(json.loads(path.read_text())) == BOTH


def test_an_open_segment_shows_nothing():
    """A segment that no base proves leaves bounds, and its laws are not claimed."""
    record = certificate("growth, open")
    assert "at most 8 in all" in record["statement"] and "base" not in record["width"]["segments"][0]
    forged = copy.deepcopy(record)
    forged["width"]["segments"][0].update(laws=1)
    assert not verdicts(signed(forged))
    whole = growth_certificate(problem(networks.transformer_block(768, 3072)), 0, False)
    assert verdicts(json.loads(json.dumps(whole))) == BOTH


def changes(segment):
    """Yield what a forger would write into a segment, one at a time, with the numbers repaired afterwards."""
    def on(function):
        forged = copy.deepcopy(segment)
        function(forged)
        return forged
    families, units = segment["families"], segment["base"]["units"]
    # More laws, fewer laws, laws of another kind, with other factors and places.
    yield on(lambda s: s["families"].append(copy.deepcopy(families[0]) if families else {
        "kind": "diagonal", "classes": [0], "parts": [{"parameter": 0, "places": [0], "factor": 1}]}))
    yield on(lambda s: s.update(families=families[:-1])) if families else None
    for k, family in enumerate(families):
        yield on(lambda s, k=k: s["families"][k]["parts"].pop())
        yield on(lambda s, k=k: s["families"][k]["parts"][0].update(factor=3)) if len(family["parts"]) > 1 else None
        yield on(lambda s, k=k: s["families"][k].update(kind="full")) if family["kind"] != "full" else None
        if family["kind"] in ("full", "diagonal"):
            yield on(lambda s, k=k: s["families"][k].update(kind="shift"))
        yield on(lambda s, k=k: s["families"][k].update(classes=[0, 0]))
    # Bases that are too small, too large, without units, with odd signs; words that do not reach the rank.
    for c in range(len(segment["base"]["sizes"])):
        yield on(lambda s, c=c: s["base"]["sizes"].__setitem__(c, 1))
        yield on(lambda s, c=c: s["base"]["sizes"].__setitem__(c, s["graph"]["sizes"][c] + 1))
    yield on(lambda s: s["base"].update(units=[])) if units else None
    yield on(lambda s: s["base"].update(free=2 - s["base"]["free"]))
    for k in range(len(units)):
        yield on(lambda s, k=k: s["base"]["units"][k].update(signs=[[0] * len(one) for one in units[k]["signs"]]))
        yield on(lambda s, k=k: s["base"]["units"][k]["classes"].pop())
    yield on(lambda s: s.update(words=[]))
    yield on(lambda s: s.update(words=[0, *s["words"]]))
    # Graphs: another covector, a class tied to another, a datum in the place of a parameter.
    for pair in range(len(segment["graph"]["pairings"])):
        for covector in ("free", "sum zero", "orthogonal", "sum zero and orthogonal"):
            if covector != segment["graph"]["pairings"][pair]["covector"]:
                yield on(lambda s, p=pair, c=covector: s["graph"]["pairings"][p].update(covector=c))
    for i, node in enumerate(segment["graph"]["nodes"]):
        if node.get("axes"):
            yield on(lambda s, i=i: s["graph"]["nodes"][i]["axes"].reverse())
            yield on(lambda s, i=i: s["graph"]["nodes"][i]["axes"].__setitem__(0, []))
        if node["op"] == "data":
            yield on(lambda s, i=i: s["graph"]["nodes"][i].update(op="sum zero"))
        if len(node.get("inputs", [])) == 2:
            yield on(lambda s, i=i: s["graph"]["nodes"][i]["inputs"].reverse())


@pytest.mark.parametrize("name", ["growth, adapter", "growth, attention", "growth, norm", "growth, custom"])
def test_forged_segments(name):
    """Each change by hand, with repaired numbers: rejected, or true of the network that the file then has."""
    record, accepted = certificate(name), 0
    every = [(number, forged) for number, segment in enumerate(record["width"]["segments"])
             for forged in changes(segment) if forged is not None]
    assert len(every) > 25
    tried = random.Random(2).sample(every, 25)
    for number, forged_segment in tried:
        forged = copy.deepcopy(record)
        forged["width"]["segments"][number] = forged_segment
        try:
            forged = repaired_growth(forged)
        except (check.Rejected, KeyError, IndexError, TypeError):
            pass
        if verdicts(signed(forged)):
            accepted += 1
            assert oracle.falsehood(forged) is None, forged_segment
    assert accepted < len(tried) / 2


def test_numbers_of_segments_are_not_believed():
    for name in GROWTH:
        record = certificate(name)
        for key in ("size", "laws", "rank", "times"):
            forged = copy.deepcopy(record)
            forged["width"]["segments"][0][key] += 1
            assert not verdicts(signed(forged)), (name, key)
        for change in ({"laws": ["the diagonal of U"]}, {"assumption": "none"}, {"dimension": record["dimension"] + 1},
                       {"problem": record["problem"] | {"loss": "cross-entropy" if record["problem"]["loss"][0] == "l"
                                                        else "least-squares"}}):
            assert "package" not in verdicts(signed(record | change)), (name, change)
        forged = copy.deepcopy(record)
        forged["width"]["still"] += 1
        assert not verdicts(signed(forged))


def test_the_package_knows_whose_segments_they_are():
    """Another architecture, size or option over the same segments: the plain checker says that it cannot tell."""
    record = certificate("growth, gated")
    for change in ({"sizes": [3, 4]}, {"architecture": "lora"}, {"options": {"bias": 1}}):
        forged = copy.deepcopy(record)
        forged["problem"].update(change)
        forged = repaired_growth(forged)
        assert verdicts(signed(forged)) == ["plain"] and check.given(forged)


def test_wide_segments_against_dense_counts():
    """Sizes grow in the file: what is claimed there is what a dense count finds."""
    for k, build in ((2, lambda k: networks.gated(3 + k, 4)), (1, lambda k: networks.lora([6, 5 + k], rank=3 + k))):
        record = growth(lambda k=k, build=build: build(k), "least-squares")
        number = int(record["statement"].split()[0])
        assert count_conservation_laws(build(k), real=False, seed=1).number == number


def test_what_is_accepted_of_changed_ones_is_true():
    generator, records, accepted = random.Random(11), [certificate(name) for name in GROWTH], 0
    for _ in range(120):
        record = mutant(records, generator)
        if verdicts(record):
            accepted += 1
            assert oracle.falsehood(record) is None, record
    assert accepted > 3
