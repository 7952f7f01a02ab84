"""Models that are trained with a mutual-information term, and the scores that say what it bought.

A file here is one use: its settings, its scores and where they come from. Networks and loops are in `training`, which
alone imports torch.
"""
