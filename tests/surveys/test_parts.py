"""Keys and seeds of cases, names of flows and files: what small parts of a survey give."""
import pytest
from sage_conslaw.runtime.errors import InputError
from sage_conslaw.surveys.plot import flow_text
from sage_conslaw.surveys.specification import key, seed_of
from sage_conslaw.surveys.table import writable


def test_a_key_is_the_case_and_nothing_of_what_is_expected():
    case = {"sizes": [2, 1], "architecture": "linear"}
    assert key(case) == key({**case, "expected": 3}) == '{"architecture":"linear","sizes":[2,1]}'


def test_a_seed_is_that_of_the_case_and_of_the_survey():
    assert seed_of("a", 0) == seed_of("a", 0)
    assert len({seed_of("a", 0), seed_of("a", 1), seed_of("b", 0)}) == 3


def test_a_flow_in_words():
    assert flow_text({"name": "momentum", "tau": "1/2"}) == "momentum tau 1/2"


@pytest.mark.parametrize("path, words", [
    ("/no/such/folder/a.csv", "there is no folder /no/such/folder for a.csv"),
    ("a.xls", "does not end in .csv"),
])
def test_files_that_cannot_be_written(path, words):
    with pytest.raises(InputError, match=words):
        writable(path, (".csv",))
