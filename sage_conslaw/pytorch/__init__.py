r"""
PyTorch models as networks, and their laws watched while they train.

EXAMPLES:

A model is handed over as it is trained, and its laws come in its own names::

    sage: import torch                                                          # optional - torch
    sage: from sage_conslaw import conservation_laws, networks
    sage: model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3,  # optional - torch
    ....:     1))
    sage: net = networks.from_torch(model, torch.zeros(1, 2)); net              # optional - torch
    Sequential with 13 parameters
    sage: conservation_laws(net, seed=0).matrix_laws()                          # optional - torch
    [|0.weight[j,:]|^2 + 0.bias[j]^2 - |2.weight[:,j]|^2 for each j (3 laws)]
"""
