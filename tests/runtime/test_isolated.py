"""Work in other processes: what is told before the end, limits of memory and time, threads, and no process left
behind."""
import mmap
import os
import resource
import signal
import subprocess
import sys
import time

import pytest

from sage_conslaw import InputError, TimeLimitReached, conservation_laws, count_conservation_laws, networks
from sage_conslaw.runtime import isolated as isolated_module
from sage_conslaw.runtime.alarm import interrupting
from sage_conslaw.runtime.deadline import ComputationLost, Deadline
from sage_conslaw.runtime.isolated import isolated, isolated_steps, streamed


def python(text, timeout=120, **options):
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=timeout, **options)


def test_what_was_told_survives_a_kill():
    def work(tell):
        tell(rank_at_least=3)
        tell(rank_at_least=4, found=("x",))
        time.sleep(60)
    began = time.monotonic()
    with pytest.raises(TimeLimitReached) as reached:
        streamed(work, deadline=Deadline(0.5))
    assert reached.value.partial == {"rank_at_least": 4, "found": ("x",)} and time.monotonic() - began < 20


def test_exceptions_are_those_of_the_function():
    def refuse(tell):
        raise InputError("a line for the user")

    def defect(tell):
        raise ZeroDivisionError("a defect")
    with pytest.raises(InputError, match="a line for the user"):
        streamed(refuse, deadline=Deadline(60))
    with pytest.raises(ZeroDivisionError, match="a defect"):
        streamed(defect, deadline=Deadline(60))
    with pytest.raises(ComputationLost, match="ZeroDivisionError"):
        isolated(lambda: 1 // 0)
    with pytest.raises(ComputationLost, match="exit code 7"):
        streamed(lambda tell: os._exit(7), deadline=Deadline(60))


def test_isolated_work_may_be_nested():
    assert isolated(lambda: isolated(lambda: isolated(abs, -3) + 1) + 1) == 5


def test_a_generator_that_is_left_ends_its_process():
    def steps():
        while True:
            yield os.getpid()
            time.sleep(0.01)
    for pid in isolated_steps(steps):
        break
    with pytest.raises(ProcessLookupError):
        for _ in range(200):
            os.kill(pid, 0)
            time.sleep(0.05)


def test_memory_is_limited_to_what_the_session_may_use():
    """With 3 GB of address space nothing is asked for that may not be had, and a list that does not fit is an error
    here."""
    text = ("import resource; resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))\n"
            "from sage_conslaw.runtime.isolated import isolated\n"
            "from sage_conslaw.runtime.deadline import ComputationLost\n"
            "print(isolated(abs, -3))\n"
            "try:\n    isolated(lambda: len(bytearray(4 << 30)))\nexcept ComputationLost as lost:\n    print(lost)\n")
    done = python(text)
    assert done.stdout.splitlines() == ["3", "the computation failed: MemoryError: it ran out of memory"], done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_session_that_is_ended_leaves_no_process(number):
    text = ("import time, sys\nfrom sage_conslaw.runtime.isolated import isolated\n"
            "def work():\n    print('begun', flush=True)\n    time.sleep(300)\nisolated(work)\n")
    session = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True)
    assert session.stdout.readline() == "begun\n"
    session.send_signal(number)
    began = time.monotonic()
    # The pipe is closed when nobody has it any more: neither the session nor its isolated work.
    assert session.stdout.read() == "" and time.monotonic() - began < 20
    session.wait()


def test_first_use_in_a_thread():
    text = ("import threading\nout = []\ndef first():\n"
            "    from sage_conslaw import conservation_laws, networks\n"
            "    out.append(str(conservation_laws(networks.linear([3, 2, 3]), seed=0)))\n"
            "thread = threading.Thread(target=first); thread.start(); thread.join(); print(*out)\n")
    done = python(text)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout.startswith("3 independent laws")


def test_eight_threads():
    """Sage has one of them at a time; PARI works in what each of them forks."""
    text = (
        "import threading\nfrom sage_conslaw import conservation_laws, first_integrals, system\nout = []\ndef work():\n"
        "    top = system(['x', 'y'], ['x', 'a*y'], parameters=['a'])\n"
        "    laws = conservation_laws(top, algorithm='syzygies', seed=0)\n"
        "    found = first_integrals(top, kind='darboux', degree=1, seed=0)\n"
        "    out.append((laws.number, str(found)))\n"
        "threads = [threading.Thread(target=work) for _ in range(8)]\n"
        "for t in threads: t.start()\nfor t in threads: t.join()\nprint(len(out), len(set(out)), out[0][0])\n"
    )
    done = python(text, timeout=240)
    assert (done.returncode, done.stdout) == (0, "8 1 1\n"), done.stderr[-2000:]


def test_pari_in_the_fork_of_a_thread():
    text = ("import threading\nfrom sage_conslaw._sage import ZZ\nfrom sage_conslaw.runtime.isolated import isolated\n"
            "def work():\n    return str(ZZ(2**67 - 1).factor())\n"
            "thread = threading.Thread(target=lambda: print(isolated(work))); thread.start(); thread.join()\n")
    assert python(text).stdout == "193707721 * 761838257287\n"


def test_a_limit_holds_where_no_deadline_is_asked():
    with pytest.raises(TimeLimitReached), interrupting(Deadline(0.1)):
        while True:
            sum(range(1000))
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_a_limit_gives_what_the_structure_knows():
    try:
        result = conservation_laws(networks.relu([784, 128, 10], bias=True), time_limit=4, seed=0)
    except TimeLimitReached as reached:
        partial = reached.partial
    else:
        # Fast machines end within the limit.
        assert (result.number, result.status) == (128, "proved")
        return
    assert (partial["number_at_least"], partial["number_at_most"]) in ((128, 128), (0, partial["state_dimension"]))
    assert partial["status"] == ("proved" if partial["number"] else "bounded")


def test_the_same_seed_gives_the_same_with_and_without_a_limit():
    net = networks.linear([2, 3, 2])
    assert conservation_laws(net, seed=3).laws == conservation_laws(net, seed=3, time_limit=100).laws
    assert count_conservation_laws(net, seed=3).number == count_conservation_laws(net, seed=3, time_limit=100).number


def test_limits_of_memory_on_the_command_line():
    done = subprocess.run(
        [sys.executable, "-m", "sage_conslaw.cli", "laws", "--phi", "x*y", "--algorithm", "syzygies", "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)),
    )
    assert done.returncode == 0 and done.stderr == "" and '"number": 1' in done.stdout


def test_what_the_session_holds_already_does_not_count(monkeypatch):
    """A session that has mapped more than the limit, as one with large libraries has, computes as before."""
    monkeypatch.setattr(isolated_module, "MEMORY_BYTES", 1 << 30)
    with mmap.mmap(-1, 3 << 30) as held:
        assert len(held) == 3 << 30
        assert isolated(sum, [1] * 10**6) == 10**6
        with pytest.raises(ComputationLost, match="MemoryError"):
            isolated(bytearray, 2 << 30)
