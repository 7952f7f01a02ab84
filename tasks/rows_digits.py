"""A handwritten digit against its first rows, in black and white or all greys: the entropy of the rows, exact.

After the baseline of Song & Ermon 2020 (arXiv:1910.06222). The truth is that of drawing from the pool of pictures, and
it nears the logarithm of their number: a sample smaller than the pool cannot show it.
"""

from mibench import hookimpl
from mibench.distributions.digits import FirstRows


@hookimpl
def mibench_tasks():
    return {"rows-digits": [FirstRows(rows, levels) for levels in (2, 17) for rows in (1, 2, 4)]}
