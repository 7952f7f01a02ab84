"""BibTeX of the papers that a docstring names: "Poole et al. 2019, arXiv 1905.06922", "Fraser & Swinney 1986"."""

import re
import unicodedata

NAME = r"(?:van den )?(?![A-Z]{2})[A-Z][^\W\d_]+(?: Steeg)?"
AUTHORS = re.compile(rf"{NAME}(?:, {NAME})*(?: et al\.|,? & {NAME})|[A-Z][a-z]{{3,}}-[A-Z][a-z]{{3,}}(?= \d{{4}}\b)")
ARXIV = re.compile(r"arXiv[: ]\s*((?:[a-z-]+/\d{7})|\d{4}\.\d{4,5})")
YEAR = re.compile(r"\b(?:1[89]|20)\d\d\b")
TITLE = re.compile(r'"([^"]+)"')
PLACE = re.compile(r", ([A-Z][^()\"]*?) ?[()]")
TITLES = {
    "Phys. Rev. E 69, 066138": "Estimating mutual information",
    "cs/0412108": "Mutual Information and Minimum Mean-square Error in Gaussian Channels",
    "1302.4389": "Maxout Networks",
    "1502.01852": "Delving Deep into Rectifiers: Surpassing Human-Level Performance on ImageNet Classification",
    "1511.06434": "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks",
    "1606.00704": "Adversarially Learned Inference",
    "1612.00410": "Deep Variational Information Bottleneck",
    "1709.06212": "Estimating Mutual Information for Discrete-Continuous Mixtures",
    "1712.04086": "PacGAN: The power of two samples in generative adversarial networks",
    "1801.04062": "MINE: Mutual Information Neural Estimation",
    "1802.05957": "Spectral Normalization for Generative Adversarial Networks",
    "1807.03748": "Representation Learning with Contrastive Predictive Coding",
    "1808.06670": "Learning deep representations by mutual information estimation and maximization",
    "1811.04251": "Formal Limitations on the Measurement of Mutual Information",
    "1904.06991": "Improved Precision and Recall Metric for Assessing Generative Models",
    "1905.06922": "On Variational Bounds of Mutual Information",
    "1910.06222": "Understanding the Limitations of Variational Mutual Information Estimators",
    "2006.12013": "CLUB: A Contrastive Log-ratio Upper Bound of Mutual Information",
    "2107.01131": "Tight Mutual Information Estimation With Contrastive Fenchel-Legendre Optimization",
    "2202.06618": "A Differential Entropy Estimator for Training Neural Networks",
    "2210.02747": "Flow Matching for Generative Modeling",
    "2211.00024": "A robust estimator of mutual information for deep learning interpretability",
    "2306.11078": "Beyond Normal: On the Evaluation of Mutual Information Estimators",
    "2310.09031": "MINDE: Mutual Information Neural Diffusion Estimation",
    "2310.10240": "On the Properties and Estimation of Pointwise Mutual Information Profiles",
    "2409.02732": "Approximating mutual information of high-dimensional variables using learned representations",
    "2502.01383": "InfoBridge: Mutual Information estimation via Bridge Matching",
}
"""By arXiv's number, or by place."""
REACH = 160
"""How many characters after its authors a paper's year, title and number may stand."""


def bibtex(text: str) -> list[str]:
    """An entry for each paper that the text names by authors and a year, a place or an arXiv number, in order.

    What neither the text nor `TITLES` says is not in the entry: first authors alone where it says "et al."; `eprint`
    and `url` lead to the rest.
    """
    papers: dict[str, dict[str, str]] = {}
    text = " ".join(text.split())
    found = list(AUTHORS.finditer(text))
    ends = [*(after.start() for after in found[1:]), len(text)]
    for here, end in zip(found, ends, strict=False):
        said = text[here.end() : min(here.end() + REACH, end)]
        number, title = ARXIV.search(said), TITLE.search(said)
        year = YEAR.search(ARXIV.sub("", said))
        place = None if number or title else PLACE.match(said)
        if not (number or year or place):
            continue
        paper = papers.setdefault(here[0], {"author": _authors(here[0])})
        known = TITLES.get(number[1] if number else place[1] if place else "")
        paper |= {
            key: value
            for key, value in (
                ("title", known or (title and title[1].rstrip(",."))),
                ("year", year and year[0]),
                ("howpublished", place and place[1]),
                ("eprint", number and number[1]),
            )
            if value and key not in paper
        }
    return [_entry(paper) for paper in papers.values()]


def _authors(said: str) -> str:
    names = re.sub(r" et al\.$", ", others", said)
    return " and ".join(part if part == "others" else f"{{{part}}}" for part in re.split(r",? & |, |-", names))


def _entry(paper: dict[str, str]) -> str:
    first = unicodedata.normalize("NFKD", paper["author"].partition("}")[0])
    key = re.sub(r"[^a-z]", "", first.lower()) + paper.get("year", "")
    if number := paper.get("eprint"):
        paper = paper | {"eprinttype": "arxiv", "url": f"https://arxiv.org/abs/{number}"}
    return f"@misc{{{key},\n" + "".join(f"  {name} = {{{value}}},\n" for name, value in paper.items()) + "}"
