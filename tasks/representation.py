"""Encoders learnt by the information of their code, judged by probes (Hjelm et al. 2019, arXiv:1808.06670)."""

from mibench import hookimpl
from mibench.applications.representation import DeepInfoMax, LargeInfoMax


@hookimpl
def mibench_tasks():
    return {
        "representation": {"digits": DeepInfoMax(), "digits-local": DeepInfoMax(form="local")},
        "representation-full": {f"cifar10-{form}": LargeInfoMax(form=form) for form in LargeInfoMax.forms},
    }
