"""Imported once, before trials' processes are forked: the first optimiser of a process loads much of torch."""

import torch

torch.optim.Adam([torch.zeros(1)])
