"""Systems from files: strict keys, tables by variable, bounded sizes, one line whatever is wrong."""
import json
import os

import pytest

from sage_conslaw import InputError, VectorFieldFamily, conservation_laws, system
from sage_conslaw._sage import PolynomialRing, QQ
from sage_conslaw.inputs.systems import read_collection, read_record, read_system


def written(tmp_path, text, suffix=".json"):
    path = tmp_path / f"system{suffix}"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


TOML_SIR = """variables = ["S", "I", "R"]
parameters = ["b", "g"]
[drift]
I = "b*S*I - g*I"
S = "-b*S*I"
R = "g*I"
"""


def test_a_table_is_read_by_variable(tmp_path):
    listed = system(["S", "I", "R"], ["-b*S*I", "b*S*I - g*I", "g*I"], parameters=["b", "g"])
    assert read_system(written(tmp_path, TOML_SIR, ".toml")).drift == listed.drift
    inline = {"variables": ["S", "I", "R"], "parameters": ["b", "g"],
              "drift": {"R": "g*I", "S": "-b*S*I", "I": "b*S*I - g*I"}, "name": "SIR", "note": "as in 1927"}
    assert read_system(written(tmp_path, json.dumps(inline))).drift == listed.drift
    two = system(["x", "y"], None, [{"y": "x", "x": 0}, {"x": "1", "y": "y"}])
    assert two.controls == system(["x", "y"], None, [["0", "x"], ["1", "y"]]).controls


def test_dictionaries_of_polynomials():
    ring = PolynomialRing(QQ, "x,y")
    x, y = ring.gens()
    assert conservation_laws(VectorFieldFamily(drift={y: -x, x: y})).laws == (x**2 + y**2,)
    assert conservation_laws(VectorFieldFamily(drift={"y": -x, "x": y})).laws == (x**2 + y**2,)
    for drift in ({x: y}, {x: y, "z": x}, {x: y, y: "x"}, {}):
        with pytest.raises(InputError):
            VectorFieldFamily(drift=drift)


def test_numbers_of_a_file_are_exact(tmp_path):
    for text, suffix in ((b'{"variables": ["x", "y"], "drift": ["0.1*x*y", 0.3]}', ".json"),
                         (b'variables = ["x", "y"]\ndrift = ["0.1*x*y", 0.3]', ".toml")):
        family = read_system(written(tmp_path, text, suffix))
        assert family.drift == system(["x", "y"], ["x*y/10", "3/10"]).drift


STRICT = {
    "key misspelt": ('{"variables": ["x"], "drfit": ["x"]}', "did you mean 'drift'"),
    "key unknown": ('{"variables": ["x"], "drift": ["x"], "weather": 1}', "known: variables"),
    "parameter": ('{"variables": ["x"], "drift": ["k*x"], "parameter": ["k"]}', "did you mean 'parameters'"),
    "key twice": ('{"variables": ["x"], "drift": ["x"], "drift": ["-x"]}', "twice"),
    "table key misspelt": ('{"variables": ["Sick", "I"], "drift": {"sick": "I", "I": "I"}}', "did you mean 'Sick'"),
    "table incomplete": ('{"variables": ["S", "I"], "drift": {"S": "I"}}', "has no I"),
    "controls a number": ('{"variables": ["x"], "controls": 5}', "controls are 5"),
    "controls a table": ('{"variables": ["x"], "controls": {"x": "1"}}', "list of fields"),
    "controls of numbers": ('{"variables": ["x"], "controls": [5]}', "control 1 is 5"),
    "controls false": ('{"variables": ["x"], "controls": false}', "controls are False"),
    "parameters a number": ('{"variables": ["x"], "drift": ["x"], "parameters": 3}', "list of names"),
    "parameters null": ('{"variables": ["x"], "drift": ["x"], "parameters": null}', "list of names"),
    "phi a mapping": ('{"variables": ["x"], "phi": {"x": "x"}}', "list of polynomials"),
    "phi a name": ('{"variables": ["x"], "phi": "x"}', "list of polynomials"),
    "component true": ('{"variables": ["x"], "drift": [true]}', "not a polynomial"),
    "component null": ('{"variables": ["x"], "drift": [null]}', "not a polynomial"),
    "component a list": ('{"variables": ["x"], "drift": [["x"]]}', "not a polynomial"),
    "nan": ('{"variables": ["x"], "drift": [NaN]}', "NaN"),
    "not UTF-8": (b'{"variables": ["\xff"]}', "not UTF-8"),
    "byte order mark of UTF-16": (b"\xff\xfe{\x00}\x00", "not UTF-8"),
    "nested": ("[" * 30000 + "]" * 30000, "nested"),
    "nested objects": ('{"a":' * 30000 + "1" + "}" * 30000, "nested"),
    "many variables": (
        json.dumps({"variables": [f"x{n}" for n in range(100_000)], "drift": ["0"] * 100_000}),
        "too many",
    ),
    "long name": (json.dumps({"variables": ["x" * 1000], "drift": ["0"]}), "characters"),
    "long number": ('{"variables": ["x"], "drift": [' + "9" * 3500 + "]}", "bits"),
    "longer number": ('{"variables": ["x"], "drift": [' + "9" * 5000 + "]}", "thousands of digits"),
    "enormous number": ("9" * 10_000_000, "thousands of digits"),
    "long key": (json.dumps({"variables": ["x"], "drift": ["x"], "y" * 5000: 1}), "known:"),
    "empty": ("", "not JSON"),
}


@pytest.mark.parametrize("name", STRICT)
def test_files_are_read_strictly(name, tmp_path):
    text, said = STRICT[name]
    with pytest.raises(InputError) as error:
        read_system(written(tmp_path, text))
    message = str(error.value)
    assert said in message and "\n" not in message and len(message) < 500


def test_dates_of_toml_are_no_polynomials(tmp_path):
    with pytest.raises(InputError, match="not a polynomial"):
        read_system(written(tmp_path, 'variables = ["x"]\ndrift = [2020-01-02]', ".toml"))


@pytest.mark.parametrize("path", ["/dev/zero", "/dev", "a\0b", "x" * 5000, "/proc/self/mem"])
def test_what_is_no_regular_file_is_not_read(path):
    with pytest.raises(InputError):
        read_system(path)


def test_a_pipe_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(InputError, match="not a regular file"):
        read_system(tmp_path / "pipe.json")


def test_remarks_stand_beside_a_system():
    """What a benchmark says of a system is no part of it; a key that is nearly one of a system's is an error
    everywhere."""
    assert read_record({"variables": ["x"], "drift": ["x"], "weather": "rain"}).names == ["x"]
    with pytest.raises(InputError, match="did you mean 'drift'"):
        read_record({"variables": ["x"], "controls": [["x"]], "drifts": ["x"]})


@pytest.mark.parametrize(
    "systems",
    [
        "[1]",
        '[{"name": "a", "variables": ["x"], "drift": ["x"]}, {"name": "a", "variables": ["x"], "drift": ["x"]}]',
        '[{"name": "b", "variables": ["x"], "drift": ["x y"]}]',
        "3",
    ],
)
def test_collections_say_which_system_is_wrong(systems, tmp_path):
    with pytest.raises(InputError):
        read_collection(written(tmp_path, f'{{"systems": {systems}}}'))
