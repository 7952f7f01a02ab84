"""Networks, loops and scores of the applications, each of which imports its own when it is trained."""
