"""Encoders learnt by the information of their code, judged by probes (Hjelm et al. 2019, arXiv:1808.06670)."""

from mibench import hookimpl
from mibench.applications.representation import DeepInfoMax


@hookimpl
def mibench_tasks():
    return {"representation": {"digits": DeepInfoMax(), "digits-local": DeepInfoMax(form="local")}}
