"""Real pictures with a known mutual information: scikit-learn's handwritten digits, or MNIST and Fashion-MNIST.

`same-class-digits` sends the classes of pictures through a channel (Lee & Rhee 2024, arXiv:2410.10924): exact.
`rows-digits` asks for a picture's first rows (Song & Ermon 2020, arXiv:1910.06222): exact for the pool of pictures.
`data=mnist` takes the same tasks to MNIST in the folder --data-dir names.
"""

import math

from mibench import hookimpl
from mibench.distributions.digits import FirstRows, SameClass


@hookimpl
def mibench_tasks():
    one_of_ten = [SameClass(mi) for mi in (0.0, 0.5, 1.0, 1.5, 2.0, math.log(10))]
    bits = [SameClass(k * math.log(2), classes=2, pictures=10) for k in (2, 4, 6, 8, 10)]
    return {
        "same-class-digits": {f"{task.mi:.3g}-nats": task for task in one_of_ten}
        | {f"{task.mi / math.log(2):.0f}-of-10-bits": task for task in bits},
        "rows-digits": [FirstRows(rows, levels) for levels in (2, 17) for rows in (1, 2, 4)],
    }
