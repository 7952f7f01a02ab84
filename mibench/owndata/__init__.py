"""Own data: how much do these columns tell of those, is there anything at all, and which estimate is to be trusted?

`sources`, `held` and `selection` find columns, `columns` and `sample` say what they hold, `panel` who estimates,
`lines` what each says and `pairs` of many at once; `intervals` and `permutations` say how sure that is, `cautions` what
may be wrong with it, `findings` puts it together and `text` writes it. `question` goes this way.
"""

from mibench.owndata.findings import Findings
from mibench.owndata.lines import UNITS
from mibench.owndata.pairs import Matrix
from mibench.owndata.question import (
    Prepared,
    Question,
    exit_code,
    in_python,
    of_sides,
    of_table,
    opened,
    prepare,
    question,
    rows_of,
    whole,
)
from mibench.owndata.rows import facts

__all__ = [
    "UNITS",
    "Findings",
    "Matrix",
    "Prepared",
    "Question",
    "exit_code",
    "facts",
    "in_python",
    "of_sides",
    "of_table",
    "opened",
    "prepare",
    "question",
    "rows_of",
    "whole",
]
