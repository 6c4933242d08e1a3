"""
Real models at their own size, on PyTorch's meta device: how many laws, proved or between bounds, and how long it takes.

    python benchmarks/real_models.py [NAME ...]      writes benchmarks/real_models.md and benchmarks/real_models.csv

Each model is read, taken apart and counted in a process of its own; seconds are those of the processor, imports
included.  Nothing is trained and no weight is held.
"""
import csv
import json
import logging
import pathlib
import resource
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent
COLUMNS = ("model", "parameters", "laws", "status", "families", "open", "cpu seconds", "GB")
LIMIT = 600


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


MODELS = {"GPT-2 124M": gpt2, "Llama 8B": llama, "BERT base": bert, "ViT-B/16": vit, "ResNet-18": resnet18,
          "ResNet-50": resnet50}


def one(name):
    """Print what is proved of a model as one JSON object on the last line."""
    import numpy as np
    import torch

    from sage_conslaw import networks
    from sage_conslaw.flows.problem import problem
    from sage_conslaw.structure.true_width import width_of
    reasons = []

    class Listener(logging.Handler):
        def emit(self, record):
            reasons.append(record.getMessage())
    logger = logging.getLogger("sage_conslaw.structure.true_width")
    logger.setLevel(logging.INFO)
    logger.addHandler(Listener())
    with torch.device("meta"):
        model, example, loss = MODELS[name]()
    net = networks.from_torch(model.eval(), torch.zeros_like(example, device="cpu"), loss=loss)
    width = width_of(problem(net, loss=loss).family)
    row = {"model": name, "parameters": net.dimension, "laws": "", "families": "", "open": ""}
    if width is None:
        row.update(status="not read", open=reasons[-1] if reasons else "")
    else:
        rank, laws = width.bounds(np.random.default_rng(0))
        families = width.matrix_laws()
        proved = rank + laws == net.dimension
        row.update(
            laws=laws if proved else f"{laws} to {net.dimension - rank}",
            status="proved" if proved else "bounds",
            families=len(families),
            open="; ".join(f"{words[:60]} ... {words.rpartition(';')[2].strip()}" for words in width.blame[:2]),
        )
    row["cpu seconds"] = round(time.process_time(), 1)
    row["GB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 1)
    print(json.dumps(row))


def main(names):
    rows = []
    for name in names or MODELS:
        try:
            done = subprocess.run([sys.executable, __file__, "--one", name], capture_output=True, text=True,
                                  timeout=LIMIT)
            row = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {
                "status": "failed", "open": (done.stderr.strip().splitlines() or [""])[-1][:200]}
        except subprocess.TimeoutExpired:
            row = {"status": "failed", "open": f"more than {LIMIT} s"}
        rows.append({"model": name} | row)
        print(rows[-1], flush=True)
    with open(HERE / "real_models.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
    lines += ["| " + " | ".join(str(row.get(column, "")) for column in COLUMNS) + " |" for row in rows]
    (HERE / "real_models.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    one(sys.argv[2]) if sys.argv[1:2] == ["--one"] else main(sys.argv[1:])
