"""What every model that is trained on pictures is told about them."""

import re

from mibench.distributions import albums, fields
from mibench.distributions.digits import SIDES


class OfPictures:
    """A model of the pictures that its field `data` names: see `mibench.distributions.albums`.

    This is no dataclass, so that `networks` and `channels` are fields only where a class says so again: one field more
    would give what has always been without it other seeds.
    """

    data: str
    networks: str = "perceptron"
    channels: tuple[int, ...] = (64, 128, 256)

    def check_data(self) -> None:
        """Raises ValueError if `data` can be no name."""
        if not isinstance(self.data, str) or not re.fullmatch(r"\w[\w.-]*", self.data):
            known = ", ".join(SIDES)
            raise ValueError(f"{type(self).__name__}: data={self.data!r} must be one of {known}, or a name of your own")

    def check_networks(self) -> None:
        """Raises ValueError if `networks` or `channels` cannot be."""
        fields.choice(self, "networks", ("perceptron", "convolution"))
        widths = self.channels
        if not widths or not all(type(width) is int and width > 0 for width in widths):
            raise ValueError(f"{type(self).__name__}: channels={widths!r} must be whole numbers of at least 1")

    @property
    def content(self) -> str | None:
        """A checksum of the files."""
        return albums.checksum(self.data)

    @property
    def lacks(self) -> str | None:
        """What is not there, files or a package, and where it is sought."""
        try:
            albums.files(self.data)
        except (ModuleNotFoundError, ValueError) as error:
            return str(error)
        return None
