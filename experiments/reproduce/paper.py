"""The paper's own numbers, as far as they are known, to be laid beside ours.

arXiv 2407.16944 and its official repository (hjiang24/AGR-method). Most of its result tables were not
available to us; what is here was read from the repository. It has one seed everywhere.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """What is known of an experiment's results in the paper.

    Parameters
    ----------
    header : tuple of str
    rows : tuple of tuple of str
    remark : str
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remark: str


_UNKNOWN = "The paper's result table was not available to us: nothing to compare with."

PUBLISHED = {
    "ddpm": Published(
        ("Inception Score", "10", "400", "800", "1200", "1600", "2000 epochs"),
        (
            ("ACProp", "2.95", "7.48", "8.30", "8.44", "9.18", "9.83"),
            ("RMSprop", "3.92", "6.94", "8.62", "8.61", "9.25", "9.30"),
            ("Adam", "3.76", "7.73", "8.44", "8.96", "9.01", "9.16"),
            ("AdamW", "3.99", "7.84", "8.91", "9.02", "9.11", "9.18"),
            ("Adan", "4.31", "8.14", "8.85", "9.18", "9.19", "9.22"),
            ("Adan(AGR)", "4.38", "8.32", "8.86", "9.18", "9.26", "9.34"),
        ),
        "By Inception-v3 on 50,000 images of a network of 36 million parameters; the spread that is given "
        "there (0.04 to 0.17) is over splits of one sample, not over seeds. Scores by another feature "
        "network cannot be compared with these.",
    ),
}


def published(name: str) -> Published:
    """What is known of the paper's results for an experiment.

    Examples
    --------
    >>> published("cifar100-resnet").rows
    ()
    """
    return PUBLISHED.get(name, Published((), (), _UNKNOWN))
