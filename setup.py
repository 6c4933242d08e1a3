"""Metadata of the package; the tool settings are in pyproject.toml."""
import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "([^"]+)"', (HERE / "sage_conslaw" / "__init__.py").read_text(encoding="utf8"))[1]

setup(
    name="sage_conslaw",
    version=VERSION,
    description="All conservation laws of a training dynamics, with a proof that there are no others",
    long_description=(HERE / "README.md").read_text(encoding="utf8"),
    long_description_content_type="text/markdown",
    license="GPL-3.0-or-later",
    python_requires=">=3.11",
    packages=find_packages(include=["sage_conslaw", "sage_conslaw.*"]),
    package_data={"sage_conslaw": ["papers/*.json", "certificates/schema.*"]},
    # Sage itself is an extra, so that an existing Sage is used as it is.
    install_requires=["python-flint>=0.6", "numpy>=1.26", "sympy", "tqdm", "click>=8.2"],
    extras_require={
        "sage": ["passagemath-standard==10.8.13"],
        # A Dask cluster for surveys, and tables for other programs.
        "survey": ["distributed", "pandas", "pyarrow", "matplotlib"],
        "test": ["pytest", "hypothesis", "nbclient", "nbformat", "matplotlib", "distributed", "pandas", "pyarrow", "sphinx",
                 "scikit-learn"],
    },
    entry_points={"console_scripts": ["sage-conslaw=sage_conslaw.cli:main"]},
)
