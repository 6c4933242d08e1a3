r"""
The one list of named systems with known answers, shared by tests, benchmarks and worksheets.

``number`` counts all independent laws, polynomial or not; ``found`` counts the independent polynomial laws up to
``degree``; ``complete`` says whether they are all.  Where nothing else is said the facts hold for generic parameters.

REFERENCES:

- [MGP2023] Marcotte, Gribonval, Peyre, *Abide by the Law and Follow the Flow*, NeurIPS 2023
- [MGP2024] Marcotte, Gribonval, Peyre, *Keep the Momentum*, ICML 2024
- [MGP2025] Marcotte, Gribonval, Peyre, *Transformative or Conservative?*, ICML 2025
- [NM2026] Nguyen, Montufar, 2026 (activation `z^k`)
- [DI2024] Desoeuvres et al., *A Computational Approach to Polynomial Conservation Laws*, SIADS 2024
- "recomputed": found in no paper; computed by independent programs (the last one: brackets expanded with SymPy,
  see ``test_outside_oracles.py``)
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product as tuples

import sage_conslaw._sage  # noqa: F401  (before any other import from Sage)
from sage.rings.polynomial.polynomial_ring_constructor import PolynomialRing
from sage.rings.rational_field import QQ
from sage_conslaw import VectorFieldFamily, conservation_laws, count_conservation_laws, networks


@dataclass(frozen=True)
class Case:
    r"""
    One system and what is known about it.

    - ``build`` -- function of no argument that returns the data argument of the public calls
    - ``loss``, ``degree`` -- passed on unless ``None``
    - ``number``, ``found``, ``complete`` -- the known answer
    - ``symbolic`` -- whether it is small enough for ``algorithm="symbolic"``
    - ``laws`` -- function of ``{name: generator}`` that returns some (or all) of the polynomial laws known
    - ``dimension`` -- the dimension of the space of polynomial laws up to ``degree`` without constants, where known
    - ``flow`` -- function of no argument that returns the flow, ``None`` for Euclidean gradient flow
    - ``monte_carlo`` -- algorithms that may leave the count unproved (``complete`` may then be ``Unknown``, never
      wrong)
    """

    name: str
    build: Callable
    loss: str | None
    degree: int | None
    number: int
    found: int
    complete: bool
    reference: str
    symbolic: bool = True
    laws: Callable | None = None
    dimension: int | None = None
    flow: Callable | None = None
    monte_carlo: tuple[str, ...] = ()

    def options(self):
        r"""Return the keyword arguments that state the question."""
        # Known facts are about the model; what is certified of the real networks has tests of its own.
        options = {"loss": self.loss, "flow": self.flow() if self.flow else None, "real": False}
        return {key: value for key, value in options.items() if value is not None}

    def find(self, **more):
        r"""Run ``conservation_laws`` on the case."""
        degree = {} if self.degree is None else {"degree": self.degree}
        return conservation_laws(self.build(), **self.options(), **degree, **more)

    def count(self, **more):
        r"""Run ``count_conservation_laws`` on the case."""
        return count_conservation_laws(self.build(), **self.options(), **more)


def generators(result):
    r"""Return ``{name: generator}`` of the ring in which the laws of a result live, or ``{}`` if it has no laws."""
    return {str(x): x for x in result.laws[0].parent().gens()} if result.laws else {}


# Laws in closed form -------------------------------------------------------------------------------------------------

def entry(g, layer, i, j):
    return g[f"U{layer}_{i}_{j}"]


def bias_entry(g, layer, j):
    return g[f"b{layer}_{j}"] if f"b{layer}_{j}" in g else g[f"b{layer}"]


def balance(widths, off_diagonal=True, bias=False):
    r"""Return the entries of `U_l^T U_l - U_{l+1} U_{l+1}^T` (the diagonal alone for ReLU, with `b_l^2` for biases)."""

    def laws(g):
        found = []
        for layer in range(1, len(widths) - 1):
            before, here, after = widths[layer - 1:layer + 2]
            for j in range(1, here + 1):
                for k in range(j, here + 1 if off_diagonal else j + 1):
                    law = sum(entry(g, layer, i, j) * entry(g, layer, i, k) for i in range(1, before + 1))
                    law -= sum(entry(g, layer + 1, j, i) * entry(g, layer + 1, k, i) for i in range(1, after + 1))
                    found.append(law + bias_entry(g, layer, j)**2 if bias else law)
        return found

    return laws


def output_sums(widths):
    r"""Return `\sum_k (U_q)_{jk}`: softmax cross-entropy does not see a constant added to all outputs."""
    q = len(widths) - 1
    return lambda g: [sum(entry(g, q, j, k) for k in range(1, widths[-1] + 1)) for j in range(1, widths[-2] + 1)]


def together(*laws):
    return lambda g: [law for some in laws for law in some(g)]


# Formulas ------------------------------------------------------------------------------------------------------------

def two_layer_number(n, r, m):
    r"""Return the number of laws of `U V`, U n x r and V r x m ([MGP2023], Section 4; both regimes)."""
    k = n + m
    return r * (r + 1) // 2 if r <= k else k * r - k * (k - 1) // 2


def linear_number(widths):
    r"""Return the sum of the line above over the hidden layers; not for scalar input *and* output with depth over
    two."""
    return sum(two_layer_number(*widths[i - 1:i + 2]) for i in range(1, len(widths) - 1))


def parameters(widths):
    return sum(a * b for a, b in zip(widths, widths[1:]))


# Networks, least squares ---------------------------------------------------------------------------------------------

def product_case(n):
    def laws(g):
        return [g["x1"]**2 - g[f"x{i}"]**2 for i in range(2, n + 1)]
    # the product of two has a linear field, whose only quadratic invariant is the one law
    return Case(f"product {n}", lambda: networks.product(n), None, None, n - 1, n - 1, True,
                "[MGP2023], Example 2.8: x_i^2 - x_j^2", laws=laws, dimension=n - 1)


def linear_case(*widths, symbolic=True, dimension=None):
    number = linear_number(widths)
    return Case("linear " + " ".join(map(str, widths)), lambda: networks.linear(list(widths)), None, None,
                number, number, True, "[MGP2023], Section 4: U^T U - V V^T", symbolic=symbolic,
                laws=balance(widths), dimension=dimension)


def relu_case(*widths, bias=False, symbolic=True):
    hidden = sum(widths[1:-1])
    return Case("relu " + " ".join(map(str, widths)) + (" with biases" if bias else ""),
                lambda: networks.relu(list(widths), bias=bias), None, None, hidden, hidden, True,
                "[MGP2023], Theorem 2.14 and path-lifting: |in_j|^2 + b_j^2 - |out_j|^2, one a hidden neuron",
                symbolic=symbolic, laws=balance(widths, off_diagonal=False, bias=bias), dimension=hidden)


NETWORKS = [
    *[product_case(n) for n in (1, 2, 3, 5)],
    # r <= n + m
    linear_case(3, 2, 3, dimension=3), linear_case(2, 3, 2, dimension=6), linear_case(2, 4, 2, dimension=10),
    linear_case(3, 4, 3, symbolic=False, dimension=10),
    # r > n + m: the r(r+1)/2 entries of the balance are dependent
    linear_case(2, 5, 2, symbolic=False, dimension=15), linear_case(1, 4, 2, dimension=10), linear_case(2, 4, 1),
    linear_case(2, 6, 1, symbolic=False),
    # scalar input and output: one linear field, and r^2 quadratic laws instead of r(r+1)/2
    linear_case(1, 2, 1, dimension=4), linear_case(1, 3, 1, dimension=9),
    # width 1, one layer, depth
    linear_case(1, 1, 1, dimension=1), linear_case(3, 1, 2, dimension=1), linear_case(2, 3), linear_case(1, 1, 1, 1),
    linear_case(2, 2, 2, 2, dimension=6), linear_case(1, 1, 2, 1), linear_case(3, 2, 1, 2),
    linear_case(2, 2, 3, 2, 2, symbolic=False),
    Case("linear 1 2 2 1", lambda: networks.linear([1, 2, 2, 1]), None, None, 7, 6, False,
         "recomputed: the span is one-dimensional, the seventh law is not polynomial up to degree 6",
         laws=balance([1, 2, 2, 1]), dimension=6),
    relu_case(2, 3, 2), relu_case(2, 3, 2, bias=True), relu_case(1, 1, 1), relu_case(1, 1, 1, bias=True),
    relu_case(1, 3, 1), relu_case(1, 3, 1, bias=True), relu_case(3, 1, 1, bias=True),
    relu_case(2, 2, 2, 1), relu_case(2, 2, 2, 1, bias=True), relu_case(1, 2, 2, 1), relu_case(2, 2),
    relu_case(2, 3, 2, 3, 2, symbolic=False), relu_case(2, 3, 2, 3, 2, bias=True, symbolic=False),
]


# Networks, softmax cross-entropy -------------------------------------------------------------------------------------

def cross_entropy_case(kind, widths, number, found=None, reference="recomputed", symbolic=True, monte_carlo=(),
                       **options):
    off_diagonal = kind == "linear"
    found = number if found is None else found
    return Case(f"{kind} " + " ".join(map(str, widths)) + " cross-entropy" + (" with biases" if options else ""),
                lambda: getattr(networks, kind)(list(widths), **options), "cross-entropy", None, number, found,
                number == found, reference, symbolic=symbolic, monte_carlo=monte_carlo,
                laws=together(balance(widths, off_diagonal, **options), output_sums(widths)))


def nothing_moves(kind, widths, symbolic=True):
    def laws(g):
        return list(g.values())
    total = parameters(widths)
    return Case(f"{kind} " + " ".join(map(str, widths)) + " cross-entropy",
                lambda: getattr(networks, kind)(list(widths)), "cross-entropy", None, total, total, True,
                "a softmax of one output is constant: nothing moves, every parameter is a law", symbolic=symbolic,
                laws=laws, dimension=total + total * (total + 1) // 2)


REDUCED = "the sums of the last layer, plus the least-squares number with one output less"
CROSS_ENTROPY = [
    cross_entropy_case("linear", (3, 2), 3, reference="[MGP2025]: softmax classifier, one law an input"),
    cross_entropy_case("linear", (2, 4), 2, reference="[MGP2025]: softmax classifier, one law an input"),
    cross_entropy_case("linear", (3, 2, 3), 5, reference="recomputed: 3 with least squares, and 1^T U"),
    cross_entropy_case("linear", (3, 4, 3), 14, reference="recomputed: 10 with least squares", symbolic=False),
    cross_entropy_case("linear", (2, 2, 2, 2), linear_number((2, 2, 2, 1)) + 2, reference=REDUCED),
    cross_entropy_case("linear", (1, 3, 2), linear_number((1, 3, 1)) + 3, reference=REDUCED),
    cross_entropy_case("linear", (1, 2, 2, 2), 7 + 2, found=6 + 2, reference=REDUCED + ": linear 1 2 2 1",
                       monte_carlo=("modular",)),
    cross_entropy_case("relu", (3, 4, 2), 8, reference="recomputed: also the column sums of the last layer"),
    cross_entropy_case("relu", (2, 2, 3), 4, bias=True, reference="recomputed: 2 hidden neurons, 2 column sums"),
    cross_entropy_case("relu", (2, 3, 2, 2), 7, reference="recomputed: 5 hidden neurons, 2 column sums"),
    nothing_moves("linear", (2, 1)), nothing_moves("linear", (1, 2, 1)), nothing_moves("relu", (2, 2, 1)),
]


# A user's own phi ----------------------------------------------------------------------------------------------------

def own_phi(name, names, components, number, found, reference, laws=None, degree=None, dimension=None):
    ring = PolynomialRing(QQ, names)
    return Case(f"phi {name}", lambda: components(*ring.gens()), None, degree, number, found, number == found,
                reference, laws=laws, dimension=dimension)


def power_activation(k):
    r"""Return phi of one hidden neuron `v (w . x + b)^k` with two inputs: binomials of (w1, w2, b) times v."""
    return lambda w1, w2, b, v: [v * w1**i * w2**j * b**(k - i - j)
                                 for i, j in tuples(range(k + 1), repeat=2) if i + j <= k]


OWN_PHI = [
    own_phi("u^2 v", "u,v", lambda u, v: [u**2 * v], 1, 1, "[MGP2023], Section 2: one field, u^2 - 2 v^2",
            laws=lambda g: [g["u"]**2 - 2 * g["v"]**2], dimension=1),
    own_phi("uvw, u", "u,v,w", lambda u, v, w: [u * v * w, u], 1, 1, "by hand: u moves freely, v^2 - w^2 stays",
            laws=lambda g: [g["v"]**2 - g["w"]**2], dimension=1),
    own_phi("x^2 + y^2", "x,y", lambda x, y: [x**2 + y**2], 1, 0, "by hand: the radial field; y/x is not polynomial"),
    own_phi("xy + z", "x,y,z", lambda x, y, z: [x * y + z], 2, 1,
            "by hand: x^2 - y^2, and (x + y) exp(-z)", laws=lambda g: [g["x"]**2 - g["y"]**2], dimension=1),
    own_phi("xy, z^2", "x,y,z", lambda x, y, z: [x * y, z**2], 1, 1, "by hand: z moves freely",
            laws=lambda g: [g["x"]**2 - g["y"]**2], dimension=1),
    *[own_phi(f"activation z^{k}", "w1,w2,b,v", power_activation(k), 1, 1, "[NM2026]: |w|^2 + b^2 - k |out|^2",
              laws=lambda g, k=k: [g["w1"]**2 + g["w2"]**2 + g["b"]**2 - k * g["v"]**2], dimension=1)
      for k in (1, 2, 3)],
    own_phi("convolution", "v1,v2,v3,u1,u2", lambda *z: [a * b for a, b in tuples(z[:3], z[3:])], 1, 1,
            "[MGP2025]: convolution and ReLU, one channel, |v|^2 - |u|^2",
            laws=lambda g: [g["v1"]**2 + g["v2"]**2 + g["v3"]**2 - g["u1"]**2 - g["u2"]**2], dimension=1),
    own_phi("no law", "x,y", lambda x, y: [x, y + x**2], 0, 0, "by hand: two independent gradients", degree=4),
]


# Families of polynomial vector fields --------------------------------------------------------------------------------

def family(name, names, drift, controls, number, found, reference, laws=None, degree=None, dimension=None,
           symbolic=True):
    def build():
        z = PolynomialRing(QQ, names).gens()
        return VectorFieldFamily(drift=drift(*z) if drift else None, controls=[v(*z) for v in controls])
    return Case(name, build, None, degree, number, found, number == found, reference, symbolic=symbolic, laws=laws,
                dimension=dimension)


def random_cubic_field():
    r"""Return one field in five variables with all coefficients up to degree 3 drawn from -9..9."""
    draw = random.Random(2023)
    z = PolynomialRing(QQ, 5, "x").gens()
    monomials = [m for m in tuples(range(4), repeat=5) if sum(m) <= 3]
    power = {m: z[0]**m[0] * z[1]**m[1] * z[2]**m[2] * z[3]**m[3] * z[4]**m[4] for m in monomials}
    return VectorFieldFamily(controls=[[sum(draw.randint(-9, 9) * power[m] for m in monomials) for _ in z]])


def flaschka(a1, a2, a3, b1, b2, b3):
    a, b = (a1, a2, a3), (b1, b2, b3)
    return ([a[i] * (b[(i + 1) % 3] - b[i]) for i in range(3)]
            + [2 * (a[i]**2 - a[i - 1]**2) for i in range(3)])


FIELDS = [
    family("Euler top", "x,y,z", lambda x, y, z: [-y * z, z * x, -x * y / 3], [], 2, 2,
           "classical, inertia 1, 2, 3: energy and angular momentum", dimension=2,
           laws=lambda g: [g["x"]**2 + 2 * g["y"]**2 + 3 * g["z"]**2, g["x"]**2 + 4 * g["y"]**2 + 9 * g["z"]**2]),
    family("rotation", "x,y", lambda x, y: [y, -x], [], 1, 1, "classical: x^2 + y^2",
           laws=lambda g: [g["x"]**2 + g["y"]**2], dimension=1),
    family("rotation, degree 4", "x,y", lambda x, y: [y, -x], [], 1, 1, "x^2 + y^2 and its square", degree=4,
           laws=lambda g: [g["x"]**2 + g["y"]**2, (g["x"]**2 + g["y"]**2)**2], dimension=2),
    family("rotation with a common factor", "x,y", lambda x, y: [x * y, -x**2], [], 1, 1, "the orbits are circles",
           laws=lambda g: [g["x"]**2 + g["y"]**2], dimension=1),
    family("SO(3)", "x,y,z", None, [lambda x, y, z: [y, -x, 0 * x], lambda x, y, z: [0 * x, z, -y]], 1, 1,
           "classical: the bracket is the third rotation and adds no rank",
           laws=lambda g: [g["x"]**2 + g["y"]**2 + g["z"]**2], dimension=1),
    family("Heisenberg", "x,y,z", None, [lambda x, y, z: [x**0, 0 * x, -y], lambda x, y, z: [0 * x, x**0, x]], 0, 0,
           "classical: rank 2, the bracket adds the third direction", degree=4),
    family("drift and one control", "x,y", lambda x, y: [y, 0 * x], [lambda x, y: [0 * x, x**0]], 0, 0,
           "double integrator: controllable"),
    family("zero field", "x,y,z", lambda x, y, z: [0 * x] * 3, [], 3, 3, "every function is a law",
           laws=lambda g: [g["x"], g["y"] * g["z"]], dimension=9),
    family("no field", "x,y", lambda x, y: [0 * x] * 2, [lambda x, y: [0 * x] * 2], 2, 2, "every function is a law",
           dimension=5),
    family("one variable", "x", lambda x: [x], [], 0, 0, "x = exp(t)", degree=4),
    family("constant fields", "x,y,z", None, [lambda x, y, z: [x**0, 2 * x**0, 3 * x**0]], 2, 2,
           "the linear functions that vanish on (1, 2, 3), and their products",
           laws=lambda g: [2 * g["x"] - g["y"], 3 * g["x"] - g["z"]], dimension=5),
    family("Lotka-Volterra", "x,y", lambda x, y: [x - x * y, x * y - y], [], 1, 0,
           "classical: x + y - log x - log y", degree=3),
    family("cyclic Lotka-Volterra", "x,y,z", lambda x, y, z: [x * (y - z), y * (z - x), z * (x - y)], [], 2, 2,
           "classical: x + y + z and x y z", degree=3, dimension=4,
           laws=lambda g: [g["x"] + g["y"] + g["z"], g["x"] * g["y"] * g["z"]]),
    family("Henon-Heiles", "x,y,p,q", lambda x, y, p, q: [p, q, -x - 2 * x * y, -y - x**2 + y**2], [], 3, 1,
           "classical: the energy; a single field in four variables has three local laws", degree=3, dimension=1,
           laws=lambda g: [3 * (g["p"]**2 + g["q"]**2 + g["x"]**2 + g["y"]**2)
                           + 6 * g["x"]**2 * g["y"] - 2 * g["y"]**3]),
    family("periodic Toda lattice", "a1,a2,a3,b1,b2,b3", flaschka, [], 5, 4,
           "Flaschka: three traces of the Lax matrix and a1 a2 a3; five local laws in all", degree=3,
           laws=lambda g: [g["b1"] + g["b2"] + g["b3"], g["a1"] * g["a2"] * g["a3"],
                           g["b1"]**2 + g["b2"]**2 + g["b3"]**2 + 2 * (g["a1"]**2 + g["a2"]**2 + g["a3"]**2)]),
    Case("random cubic field", random_cubic_field, None, 3, 4, 0, False,
         "[MGP2023], Section 2.3: a single field in five variables; no polynomial law", dimension=0),
]


# Flows written out by hand as families, from the definitions ---------------------------------------------------------

def gradients(z, phi):
    return [[f.derivative(x) for x in z] for f in phi]


def mirror(name, names, metric, phi, number, found, reference, laws):
    r"""Controls `M grad phi_i` with the diagonal metric given as a function of the parameters."""
    z = PolynomialRing(QQ, names).gens()
    fields = [[m * d for m, d in zip(metric(*z), row)] for row in gradients(z, phi(*z))]
    return Case(name, lambda: VectorFieldFamily(controls=fields), None, None, number, found, number == found, reference,
                laws=laws)


def heavy_ball(name, names, phi, number, found, reference, laws=None):
    r"""Phase space (t, theta, w) without friction: drift (1, w, 0), controls (0, 0, grad phi_i)."""
    speeds = [f"w_{n}" for n in names.split(",")]
    ring = PolynomialRing(QQ, ["t", *names.split(","), *speeds])
    z = ring.gens()
    theta, w = z[1:len(speeds) + 1], z[len(speeds) + 1:]
    drift = [ring(1), *w] + [ring(0)] * len(w)
    controls = [[ring(0)] * (1 + len(w)) + row for row in gradients(theta, phi(*theta))]
    return Case(name, lambda: VectorFieldFamily(drift=drift, controls=controls), None, None, number, found,
                number == found, reference, laws=laws, symbolic=False)


BY_HAND = [
    mirror(
        "NMF 2 1 2, mirror",
        "u1,u2,v1,v2",
        lambda *z: z,
        lambda u1, u2, v1, v2: [u1 * v1, u1 * v2, u2 * v1, u2 * v2],
        1,
        1,
        "[MGP2024]: sum_i U_ij - sum_l V_jl",
        lambda g: [g["u1"] + g["u2"] - g["v1"] - g["v2"]],
    ),
    mirror(
        "NMF 1 2 1, mirror",
        "u1,u2,v1,v2",
        lambda *z: z,
        lambda u1, u2, v1, v2: [u1 * v1 + u2 * v2],
        3,
        2,
        "recomputed: 2r - 1, one of them with logarithms",
        lambda g: [g["u1"] - g["v1"], g["u2"] - g["v2"]],
    ),
    mirror(
        "mirror with potential -log",
        "u,v",
        lambda u, v: [u**2, v**2],
        lambda u, v: [u * v],
        1,
        0,
        "by hand: M = diag(theta^2) conserves u / v",
        None,
    ),
    mirror(
        "ICNN, one neuron",
        "u1,u2,v,b",
        lambda u1, u2, v, b: [u1, u2, v**0, v**0],
        lambda u1, u2, v, b: [u1 * v, u2 * v, u1 * b, u2 * b],
        1,
        1,
        "[MGP2024]: 2 sum_i U_ij - |V_j|^2 - b_j^2",
        lambda g: [2 * (g["u1"] + g["u2"]) - g["v"] ** 2 - g["b"] ** 2],
    ),
    heavy_ball("momentum, u v", "u,v", lambda u, v: [u * v], 0, 0, "[MGP2024]: r(r-1)/2 with r = 1"),
    heavy_ball(
        "momentum, linear 1 2 1",
        "u1,u2,v1,v2",
        lambda u1, u2, v1, v2: [u1 * v1 + u2 * v2],
        2,
        2,
        "[MGP2024]: 2(2r - 3) with r = 2: the angular momenta of u + v and of u - v",
        lambda g: [(g["u1"] + g["v1"]) * (g["w_u2"] + g["w_v2"]) - (g["u2"] + g["v2"]) * (g["w_u1"] + g["w_v1"])],
    ),
    heavy_ball(
        "momentum, linear 2 2 1",
        "u1,u2,u3,u4,v1,v2",
        lambda u1, u2, u3, u4, v1, v2: [u1 * v1 + u2 * v2, u3 * v1 + u4 * v2],
        1,
        1,
        "[MGP2024]: r(r-1)/2 with r = 2: U^T U' - U'^T U + V V'^T - V' V^T",
        lambda g: [
            g["u1"] * g["w_u2"]
            - g["w_u1"] * g["u2"]
            + g["u3"] * g["w_u4"]
            - g["w_u3"] * g["u4"]
            + g["v1"] * g["w_v2"]
            - g["w_v1"] * g["v2"]
        ],
    ),
    heavy_ball(
        "momentum, relu 1 2 1",
        "u1,u2,v1,v2",
        lambda u1, u2, v1, v2: [u1 * v1, u2 * v2],
        0,
        0,
        "[MGP2024]: no law with a free output covector",
    ),
    family(
        "weight decay, u v",
        "s,u,v",
        lambda s, u, v: [3 * s, -3 * u, -3 * v],
        [lambda s, u, v: [0 * s, v, u]],
        1,
        1,
        "[MGP2025]: H(theta exp(lambda t)), s = exp(lambda t), lambda = 3",
        degree=4,
        dimension=1,
        laws=lambda g: [g["s"] ** 2 * (g["u"] ** 2 - g["v"] ** 2)],
    ),
]


# Networks under other flows: momentum, Nesterov, metrics -------------------------------------------------------------
# Append here: OTHER_FLOWS = [Case(..., flow=lambda: flows.momentum(tau=1)), ...], with the facts of the papers.
OTHER_FLOWS: list[Case] = []


CASES = NETWORKS + CROSS_ENTROPY + OWN_PHI + FIELDS + BY_HAND + OTHER_FLOWS
BY_NAME = {case.name: case for case in CASES}
assert len(BY_NAME) == len(CASES), "two cases have one name"
