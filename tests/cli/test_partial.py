"""What is printed when the time is over says under which assumption it is proved."""
import json

import pytest

from sage_conslaw import TimeLimitReached, conservation_laws, networks
from sage_conslaw.cli.report import print_partial
from sage_conslaw.runtime.unproved import unproved


@pytest.mark.parametrize(
    "net, assumption",
    [(networks.attention(9, 3), "span"), (networks.linear([6, 6, 6, 6]), "none")],
    ids=["softmax", "linear"],
)
def test_bounds_at_a_time_limit_have_their_assumption(net, assumption, capsys):
    with pytest.raises(TimeLimitReached) as reached:
        conservation_laws(net, degree=4, time_limit=2)
    partial = reached.value.partial
    assert partial["assumption"] == assumption
    print_partial(partial, False)
    first = capsys.readouterr().out.splitlines()[0]
    assert first.endswith("(proved under the span condition)" if assumption == "span" else "(proved)")


def test_nothing_known_is_no_bound(capsys):
    print_partial(unproved(architecture="linear"), False)
    assert capsys.readouterr().out.startswith("nothing is proved yet")
    print_partial(unproved(listed=False), True)
    record = json.loads(capsys.readouterr().out)
    assert record["number_at_most"] is None and record["time_limit_reached"] and "laws" not in record
