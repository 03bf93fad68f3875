"""`python -m spectral_core`, the same as `spectral-core`."""

from spectral_core.cli.program import command

if __name__ == "__main__":
    command()
