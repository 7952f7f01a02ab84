"""Operations that are written down and repeated."""

import pytest

torch = pytest.importorskip("torch")
from mibench.neural.recorded import Recorded  # noqa: E402
from mibench.neural.scores import apart, together  # noqa: E402

PER_CRITIC = torch.tensor([2.0, 3.0], dtype=torch.float64)


def formula(joint, marginal, log_mean):
    """With what formulas are made of: views, sums, a gradient, a buffer of its own, pieces put together, a write."""
    joint = joint.detach().requires_grad_()
    value, new = torch.vmap(
        lambda j, m, s: (j.mean() * s - torch.cat([m.flatten(), j]).logsumexp(0), m[1:].exp().mean())
    )(joint, marginal, log_mean)
    (slope,) = torch.autograd.grad(value.sum(), joint)
    slope[:, 0] = 1.0
    return slope * PER_CRITIC[:, None], new.detach()


def drawn(seed, n=6):
    generator = torch.Generator().manual_seed(seed)
    sizes = (2, n), (2, n, 3), (2,)
    return [torch.randn(size, generator=generator, dtype=torch.float64) for size in sizes]


def test_operations_repeated_give_what_the_formula_gives():
    """To the last bit, for other numbers and then for another shape; the formula is called twice a shape."""
    calls = []
    recorded = Recorded(lambda *given: (calls.append(1), formula(*given))[1])
    for count, (seed, n) in enumerate([(0, 6), (1, 6), (2, 6), (3, 9), (4, 9), (5, 9)]):
        given = drawn(seed, n)
        for found, expected in zip(recorded(*given), formula(*given), strict=True):
            assert torch.equal(found, expected), count
    assert len(calls) == 4


def test_what_draws_random_numbers_is_called_each_time():
    calls = []

    def random(z):
        calls.append(1)
        return (z + len(calls),)

    recorded = Recorded(random)
    assert [float(recorded(torch.zeros(1))[0]) for _ in range(3)] == [1, 2, 3]


def test_a_table_is_put_together_of_its_parts():
    table = torch.randn(3, 4, 5, 5, 2)
    assert torch.equal(together(*apart(table)), table)
