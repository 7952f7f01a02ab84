"""Deep InfoMax (Hjelm et al. 2019, arXiv 1808.06670): an encoder learnt with the critic that judges it."""

from dataclasses import dataclass

from mibench import hookimpl
from mibench.neural import NeuralEstimator, jensen_shannon, log_mean_exp

FORMS = {
    ("perceptron", "global"): "encoded",
    ("convolution", "global"): "encoded-picture",
    ("convolution", "local"): "places",
}


@dataclass(frozen=True)
class DeepInfoMax(NeuralEstimator):
    """I(U; E(X)), with the encoder E and a critic of (u, E(x)) trained together by the Jensen-Shannon objective.

    `of` says what U is. "y": then I(Y; E(X)) ≤ I(X;Y), and the number is a lower bound. "x", as in the paper: what the
    code keeps of its own input, which says nothing of Y, and grows without limit as the encoder of a continuous X gets
    better. `embedding` is the dimension of the code; `reads` is "dv" or "nwj",
    the bound that the trained critic is read with.

    `encoder` is "perceptron" or, for square pictures, "convolution". `form` is "global", or with a convolution "local":
    the mean over the places of U's feature map of I(place; E(X)), by one critic for all, so no more than I(U; E(X)).
    """

    of: str = "y"
    reads: str = "dv"
    embedding: int = 8
    encoder: str = "perceptron"
    form: str = "global"

    year = 2019
    selects = "objective"
    drives = "objective"

    @property
    def direction(self):
        return "lower" if self.of == "y" and not self.window else "none"

    @property
    def heads(self):
        """Kinds of critic: one of x and the encoded y. Raises ValueError for an encoder without that form."""
        if (self.encoder, self.form) not in FORMS:
            raise ValueError(
                f"encoder={self.encoder!r} with form={self.form!r} is none of "
                + ", ".join(f"{encoder} with {form}" for encoder, form in FORMS)
            )
        return (FORMS[self.encoder, self.form],)

    def bound(self, joint, marginal):
        if joint.dim() == 2:  # a place a column
            return sum(self.bound(joint[:, p], marginal[..., p]) for p in range(joint.shape[1])) / joint.shape[1]
        if self.reads == "dv":
            return joint.mean() - log_mean_exp(marginal)
        if self.reads == "nwj":
            return joint.mean() + 1 - marginal.exp().mean()
        raise ValueError(f"reads={self.reads!r} is none of dv, nwj")

    def objective(self, joint, marginal):
        return jensen_shannon(joint, marginal)

    def sides(self, x, y):
        if self.of not in ("x", "y"):
            raise ValueError(f"of={self.of!r} is none of x, y")
        return (x if self.of == "x" else y), x


@hookimpl
def mibench_estimators():
    return {"deep-infomax": DeepInfoMax()}
