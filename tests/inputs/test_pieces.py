"""How files are read and refused, without a file on the disk."""
import pytest

from sage_conslaw import InputError
from sage_conslaw.inputs.files import known_keys, parsed, read_text, unknown_key


def test_decimals_of_a_file_stay_text():
    assert parsed(b'{"a": 0.1}', "a.json", False) == {"a": "0.1"}
    assert parsed(b'{"a": 0.1}', "a.json", False, exact=False) == {"a": 0.1}


@pytest.mark.parametrize("call, said", [
    (lambda: parsed(b"a = 1", "a.json", False), r"^the file a.json is not JSON: Expecting value: line 1 column 1"),
    (lambda: parsed(b'{"a": 1, "a": 2}', "a.json", False), "the key 'a' is given twice"),
    (lambda: read_text("/no/such/file.ant", "with a system"),
     "^there is no file /no/such/file.ant; give a file with a system$"),
    (lambda: known_keys({"size": 2}, ["sizes", "flow"], "sweep 1"),
     r"^sweep 1 has the key 'size'; did you mean 'sizes'\? known: sizes, flow$"),
], ids=["json", "twice", "missing", "key"])
def test_what_is_refused(call, said):
    with pytest.raises(InputError, match=said):
        call()


def test_advice_is_given_only_where_a_name_is_near():
    assert unknown_key("drfit", ["drift", "phi"]) == "did you mean 'drift'? "
    assert unknown_key("weather", ["drift", "phi"]) == ""
