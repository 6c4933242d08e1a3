"""
Real models at their own size, on PyTorch's meta device: how many laws, proved or between bounds, and how long it takes.

    python benchmarks/real_models.py [NAME ...]

Writes `benchmarks/real_models.json`, and from it the tables in `benchmarks/real_models.md` and `docs/models.rst`; rows
of models that are not named stay.  Each model is read, taken apart and counted in a process of its own; seconds are
those of the processor, imports included.  Nothing is trained and no weight is held.
"""
import json
import logging
import pathlib
import re
import resource
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
PAGE = HERE.parent / "docs" / "models.rst"
COLUMNS = ("model", "parameters", "laws", "status", "cpu seconds", "GB", "open")
LIMIT = 600

PREFACE = """
Models of ``transformers`` at the size at which they are trained, read on PyTorch's meta device (no weight is held),
and the number of independent laws of gradient flow with cross-entropy: ``python benchmarks/real_models.py`` makes this
page. *Proved* is the number under the span condition: all laws of the model of the fields are functions of those
listed. Where both sides do not meet there are two bounds, and the segment of parameters that is to blame.  Seconds are
those of the processor for the whole process, and GB its largest memory.

The lists are in the module's names.  Laws of equal layers are one line: ``*`` stands for the layer's number, and the
numbers are those of all layers together.  ``(:,:,j)`` are the parts of an axis that a reshape splits: groups of heads,
heads, halves, entries.
"""


def gpt2():
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel
    return GPT2LMHeadModel(GPT2Config(use_cache=False)), torch.zeros(1, 1024, dtype=torch.long), "cross-entropy"


def bert():
    import torch
    from transformers import BertConfig, BertForSequenceClassification
    return BertForSequenceClassification(BertConfig()), torch.zeros(1, 512, dtype=torch.long), "cross-entropy"


def llama():
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM
    config = LlamaConfig(vocab_size=128256, hidden_size=4096, intermediate_size=14336, num_hidden_layers=32,
                         num_attention_heads=32, num_key_value_heads=8, use_cache=False)
    return LlamaForCausalLM(config), torch.zeros(1, 64, dtype=torch.long), "cross-entropy"


def vit():
    import torch
    from transformers import ViTConfig, ViTForImageClassification
    return ViTForImageClassification(ViTConfig(num_labels=1000)), torch.zeros(1, 3, 224, 224), "cross-entropy"


def _resnet(depths, kind, sizes):
    import torch
    from transformers import ResNetConfig, ResNetForImageClassification
    config = ResNetConfig(depths=depths, layer_type=kind, hidden_sizes=sizes, num_labels=1000)
    return ResNetForImageClassification(config), torch.zeros(1, 3, 224, 224), "cross-entropy"


def resnet18():
    return _resnet([2, 2, 2, 2], "basic", [64, 128, 256, 512])


def resnet50():
    return _resnet([3, 4, 6, 3], "bottleneck", [256, 512, 1024, 2048])


def _two(model, example, loss):
    """Return a batch of two: batch normalisation in training couples samples."""
    import torch
    return model, torch.cat([example, example]), loss


MODELS = {"GPT-2 124M": gpt2, "Llama 8B": llama, "BERT base": bert, "ViT-B/16": vit, "ResNet-18": resnet18,
          "ResNet-50": resnet50, "ResNet-18 in training": lambda: _two(*resnet18()),
          "ResNet-50 in training": lambda: _two(*resnet50())}


def one(name):
    """Print what is proved of a model as one JSON object on the last line."""
    import numpy as np
    import torch

    from sage_conslaw import networks
    from sage_conslaw.flows.problem import problem
    from sage_conslaw.width.true_width import width_of
    reasons = []

    class Listener(logging.Handler):
        def emit(self, record):
            reasons.append(record.getMessage())
    logger = logging.getLogger("sage_conslaw.width.true_width")
    logger.setLevel(logging.INFO)
    logger.addHandler(Listener())
    with torch.device("meta"):
        model, example, loss = MODELS[name]()
    model.train(name.endswith("in training"))
    net = networks.from_torch(model, torch.ones_like(example, device="cpu"), loss=loss)
    width = width_of(problem(net, loss=loss).family)
    row = {"model": name, "parameters": net.dimension, "laws": "", "families": [], "open": ""}
    if width is None:
        row.update(status="not read", open=reasons[-1] if reasons else "")
    else:
        found = width.counted(np.random.default_rng(0))
        proved = found.rank + found.laws == net.dimension
        row.update(
            laws=found.laws if proved else f"{found.laws} to {net.dimension - found.rank}",
            status="proved" if proved else "bounds",
            families=by_family(found.matrix_laws(net.shown_names().values())),
            open="; ".join(f"{words[:60]} ... {words.rpartition(';')[2].strip()}" for words in found.blame[:2]),
        )
    row["cpu seconds"] = round(time.process_time(), 1)
    row["GB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 1)
    print(json.dumps(row))


def by_family(laws):
    """Return the families of laws as lists (text, laws of all, how many); those of equal layers are one, with a star
    for the layer's number."""
    groups = {}
    for law in laws:
        text = re.sub(r"\.\d+(?=[.\[ ])", ".*", law.text)
        total = groups.setdefault(text, [0, 0])
        total[0] += law.independent
        total[1] += 1
    return [[text, *total] for text, total in groups.items()]


def measured(name):
    """Return the row of one model, made by a process of its own."""
    try:
        done = subprocess.run([sys.executable, __file__, "--one", name], capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return {"model": name, "status": "failed", "open": f"more than {LIMIT} s"}
    if done.returncode:
        return {"model": name, "status": "failed", "open": (done.stderr.strip().splitlines() or [""])[-1][:200]}
    return json.loads(done.stdout.splitlines()[-1])


def cells(row):
    """Return what a row shows in each column."""
    return [f"{row.get(column, ''):,}" if isinstance(row.get(column), int) else str(row.get(column, ""))
            for column in COLUMNS]


def page(rows):
    """Return the page of the manual."""
    table = ["", ".. list-table::", "   :header-rows: 1", ""]
    lines = ["Real models", "===========", "", *PREFACE.strip().splitlines(), *table]
    for entries in [COLUMNS, *map(cells, rows)]:
        lines += [f"   {'* -' if k == 0 else '  -'} {entry}".rstrip() for k, entry in enumerate(entries)]
    for row in rows:
        if row.get("families"):
            lines += [
                "",
                row["model"],
                "-" * len(row["model"]),
                *table,
                "   * - laws",
                "     - number",
                "     - layers",
            ]
            for text, number, times in row["families"]:
                lines += [f"   * - ``{text}``", f"     - {number:,}", f"     - {times}"]
    return "\n".join(lines) + "\n"


def main(names):
    unknown = [name for name in names if name not in MODELS]
    if unknown:
        sys.exit(f"no model {unknown[0]!r}; choose among {', '.join(MODELS)}")
    store = HERE / "real_models.json"
    known = {row["model"]: row for row in json.loads(store.read_text())} if store.exists() else {}
    for name in names or MODELS:
        known[name] = measured(name)
        print({key: value for key, value in known[name].items() if key != "families"}, flush=True)
    rows = [known[name] for name in MODELS if name in known]
    store.write_text(json.dumps(rows, indent=1) + "\n")
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in rows]
    (HERE / "real_models.md").write_text("\n".join(lines) + "\n")
    PAGE.write_text(page(rows))


if __name__ == "__main__":
    one(sys.argv[2]) if sys.argv[1:2] == ["--one"] else main(sys.argv[1:])
