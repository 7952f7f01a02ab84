"""Joint distributions whose mutual information is known, one family a file, and the maps that keep it."""
