r"""
What is seen while something runs: one bar on standard error, of the size of the terminal.

tqdm asks for its own version when it is loaded, a tenth of the time of a small command: it is loaded where a bar is
made.
"""
import shutil


def bar(**options):
    """Return a bar of tqdm, which is cleared at its end."""
    from tqdm import tqdm
    # tqdm shows nothing where the terminal does not tell its size.
    size = shutil.get_terminal_size()
    return tqdm(leave=False, ncols=size.columns, nrows=size.lines, **options)


def shown(items, what, progress):
    """Return the items of a list, with a bar that says how many are done if progress is asked for."""
    return bar(iterable=items, desc=what) if progress else items
